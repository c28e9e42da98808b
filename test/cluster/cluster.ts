import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/processes.js';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '../..');

/** A command may print the logs of many pods. */
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;

/** The images under test: this build, the same once more, and the next build with a migration. */
export const IMAGES = {
  tidemark: process.env['TIDEMARK_IMAGE'] ?? 'localhost/tidemark:dev',
  second: process.env['TIDEMARK_SECOND_IMAGE'] ?? 'localhost/tidemark:second',
  next: process.env['TIDEMARK_NEXT_IMAGE'] ?? 'localhost/tidemark:next',
} as const;

/** Runs a command from the root of the repository. @returns its standard output. @throws Error with all that it wrote. */
export async function command(name: string, words: readonly string[], input?: string): Promise<string> {
  const running = run(name, [...words], { cwd: ROOT, maxBuffer: MAX_OUTPUT_BYTES });
  running.child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${name} ${words.join(' ')}\n${stdout}${stderr}`, { cause: error });
  }
}

/** The `--set` of an image for the chart. */
export function imageValues(image: string): string[] {
  const at = image.lastIndexOf(':');
  return ['--set', `image.repository=${image.slice(0, at)}`, '--set', `image.tag=${image.slice(at + 1)}`];
}

/** A pod as the API server describes it. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: { readonly podIP?: string; readonly phase: string };
}

/** Something that runs in the prober until it is told to end. */
export interface Running {
  /** The lines that it has printed. */
  readonly lines: readonly string[];
  /** Tells it to end. @returns all that it printed. */
  end(): Promise<string>;
}

/** A namespace of its own, in which Pod Security allows what is `restricted` and nothing more. */
export class Namespace {
  private constructor(readonly name: string) {}

  /**
   * Makes it, empty: one of the same name that an earlier run has left is removed before.
   * @throws Error when it is somebody else's.
   */
  static async create(name: string): Promise<Namespace> {
    const namespace = new Namespace(name);
    const words = ['get', 'namespace', name, '--ignore-not-found', '--output', 'jsonpath={.metadata.labels}'];
    const left = await command('kubectl', words);
    if (left !== '' && !left.includes(OURS))
      throw new Error(
        `The namespace ${name} is there and was not made by these tests: remove it, or use another cluster.`,
      );
    await namespace.remove();
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted', 'app.kubernetes.io/part-of': OURS };
    await namespace.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
    return namespace;
  }

  async remove(): Promise<void> {
    await command('kubectl', ['delete', 'namespace', this.name, '--ignore-not-found', '--wait', '--timeout=180s']);
  }

  kubectl(...words: string[]): Promise<string> {
    return command('kubectl', ['--namespace', this.name, ...words]);
  }

  helm(...words: string[]): Promise<string> {
    return command('helm', ['--namespace', this.name, ...words]);
  }

  /** Pods, events and the last lines of every log: what one looks at when something does not come up. */
  async whatHappened(): Promise<string> {
    const asked = [
      ['get', 'pods', '--output', 'wide'],
      ['get', 'events', '--sort-by=.lastTimestamp'],
      ['logs', '--selector', 'app.kubernetes.io/name=tidemark', '--all-containers', '--prefix', '--tail=15'],
    ];
    const answers = asked.map((words) => this.kubectl(...words).catch((error: unknown) => String(error)));
    return (await Promise.all(answers)).join('\n');
  }

  /** Creates objects, or changes them. */
  async apply(...objects: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await command('kubectl', ['--namespace', this.name, 'apply', '-f', '-'], list);
  }

  /** Creates what one template of the chart renders to, outside of any release, and waits until it is up. */
  async applyTemplates(template: string, settings: readonly string[]): Promise<void> {
    const shown = ['serviceaccount', 'configmaps', template].flatMap((file) => [
      '--show-only',
      `templates/${file}.yaml`,
    ]);
    const values = ['networkPolicy.enabled=false', 'devStores.enabled=true', ...settings].flatMap((each) => [
      '--set',
      each,
    ]);
    const words = ['template', 'apart', 'helm/tidemark', ...shown, ...imageValues(IMAGES.tidemark), ...values];
    const rendered = await command('helm', words);
    await command('kubectl', ['--namespace', this.name, 'apply', '-f', '-'], rendered);
    await this.kubectl('wait', 'deployment', '--all', '--for=condition=Available', '--timeout=120s');
  }

  /** Pods of a component that are not on their way out. */
  async pods(component: string): Promise<Pod[]> {
    const selector = `app.kubernetes.io/component=${component}`;
    const { items } = JSON.parse(await this.kubectl('get', 'pods', '--selector', selector, '--output', 'json')) as {
      items: (Pod & { metadata: { deletionTimestamp?: string } })[];
    };
    return items.filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.status.phase === 'Running');
  }

  /** Starts the pod from which the others are asked: the product's image, which has Node, under the same restrictions. */
  async startProber(): Promise<void> {
    await this.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: PROBER, labels: { app: PROBER } },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: PROBER,
            image: IMAGES.tidemark,
            imagePullPolicy: 'IfNotPresent',
            command: ['node', '--eval', 'setInterval(() => undefined, 1000)'],
            // What measures must not wait for the processor.
            resources: { requests: { cpu: '300m' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    });
    await this.kubectl('wait', 'pod', PROBER, '--for=condition=Ready', '--timeout=120s');
  }

  /** Asks an address from inside of the cluster. */
  async ask(address: string): Promise<{ readonly status: number; readonly body: string }> {
    const script = `const answer = await fetch(process.argv[1]);
      console.log(JSON.stringify({ status: answer.status, body: await answer.text() }));`;
    const printed = await this.kubectl('exec', PROBER, '--', 'node', '--input-type=module', '--eval', script, address);
    return JSON.parse(printed) as { status: number; body: string };
  }

  /** Runs `make smoke` against an API from inside of the cluster. @returns what it said. @throws Error when a check failed. */
  smoke(api: string): Promise<string> {
    const script = readFileSync(path.join(import.meta.dirname, '../../tools/smoke.mjs'), 'utf8');
    const words = ['exec', PROBER, '--', 'env', `BASE_URL=${api}`, 'node', '--input-type=module', '--eval', script];
    return this.kubectl(...words);
  }

  /** Waits until an API hands out a price of Bitcoin. */
  async awaitPrice(api: string): Promise<void> {
    await eventually(`a price of ${api}`, 90_000, async () => {
      const { status, body } = await this.ask(`${api}/prices?ticker=btc_usd&limit=1&order=desc`);
      if (status !== 200) throw new Error(`status ${status}: ${body}`);
      return body.includes('"price"') ? true : undefined;
    });
  }

  /** Runs a script of the folder pods/ in the prober. */
  start(script: 'load.mjs' | 'watch.mjs', environment: Readonly<Record<string, string>>): Running {
    const text = readFileSync(path.join(import.meta.dirname, 'pods', script), 'utf8');
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const words = ['exec', '--stdin', PROBER, '--', 'env', ...variables, 'node', '--input-type=module', '--eval', text];
    const child = spawn('kubectl', ['--namespace', this.name, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines: string[] = [];
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      lines.splice(0, lines.length, ...printed.split('\n').filter((line) => line !== ''));
    });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return {
      lines,
      end: async () => {
        child.stdin.end();
        await ended;
        return printed;
      },
    };
  }
}

const PROBER = 'prober';

/** What the namespaces of these tests are part of. */
const OURS = 'tidemark-test';
