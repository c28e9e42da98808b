import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/processes.js';
import { command, IMAGES, imageValues, Namespace, type Running } from './cluster.js';

const VALUES = path.join(import.meta.dirname, 'system-values.yaml');

/** How many requests a second the API answers meanwhile. */
const RATE = 200;

/** How long a store is away, in seconds: TEST_OUTAGE_SECONDS makes it longer. */
const OUTAGE_SECONDS = Number(process.env['TEST_OUTAGE_SECONDS'] ?? 20);

/** The longest that `/readyz` may be wrong, in milliseconds, and what the test itself needs to see and to say it. */
const WRONG_FOR_MS = 5_000;
const SEEN_WITHIN_MS = 500;

/** After its grace, and the pause of the closer, every slot is decided, in milliseconds. */
const DECIDED_AFTER_MS = 30_000;

interface LoadSummary {
  readonly sent: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
  readonly failed: number;
  readonly failures: readonly unknown[];
}

interface GapReport {
  readonly decided_to: number;
  readonly expected: number;
  readonly stored: number;
  readonly missing: number;
  readonly unexplained: number;
  readonly gaps: readonly unknown[];
}

/** What the watch of a process saw, in milliseconds since 1970. */
interface Change {
  readonly at: number;
  readonly name: string;
  readonly status: number | string;
  readonly body: string;
}

describe('a system that samples and answers while it is upgraded', () => {
  let namespace: Namespace;
  let load: Running;
  let loadedFrom: number;
  const api = 'http://tidemark-api:8000';

  beforeAll(async () => {
    namespace = await Namespace.create('tidemark-system');
    await namespace.startProber();
    await namespace.applyTemplates('simulator', ['simulator.enabled=true', 'fullnameOverride=sources']);
  });
  // What is left is removed by the next run, so that a failed one can be looked at.

  async function release(verb: 'install' | 'upgrade', image: string): Promise<void> {
    const words = [
      'tidemark',
      'helm/tidemark',
      '--values',
      VALUES,
      ...imageValues(image),
      '--wait',
      '--timeout',
      '10m',
    ];
    await namespace.helm(verb, ...words);
  }

  async function newestPrice(ticker: string): Promise<{ timestamp: number; price: string } | undefined> {
    const { status, body } = await namespace.ask(`${api}/prices?ticker=${ticker}&order=desc&limit=1`);
    return status === 200 ? (JSON.parse(body) as { data: { timestamp: number; price: string }[] }).data[0] : undefined;
  }

  function say(title: string, figures: unknown): void {
    process.stdout.write(`${title}: ${JSON.stringify(figures)}\n`);
  }

  it('is installed, and helm test finds a price', async () => {
    await release('install', IMAGES.tidemark);
    await namespace.helm('test', 'tidemark', '--timeout', '3m');
    expect(await namespace.pods('scheduler')).toHaveLength(2);
    expect(await namespace.pods('worker')).toHaveLength(5);
    expect(await newestPrice('btc_usd')).toMatchObject({ price: expect.stringMatching(/^\d+(\.\d+)?$/) });
  });

  it('passes every check of make smoke', async () => {
    expect(await namespace.smoke(api)).toContain('4 of 4 checks passed');
  });

  it('is under load from here on', async () => {
    await eventually('a price of both tickers', 60_000, async () =>
      (await newestPrice('eth_usd')) === undefined ? undefined : newestPrice('btc_usd'),
    );
    loadedFrom = Math.floor(Date.now() / 1000);
    const addresses = [
      '/prices/latest?ticker=btc_usd',
      '/prices/latest?ticker=eth_usd',
      '/prices?ticker=btc_usd&limit=60',
    ];
    load = namespace.start('load.mjs', {
      ADDRESSES: addresses.map((each) => api + each).join(' '),
      RATE: String(RATE),
    });
    await sleep(5_000);
  });

  it('is upgraded to a second image', () => release('upgrade', IMAGES.second));

  it('is upgraded to the next build, which migrates the schema', () => release('upgrade', IMAGES.next));

  it('is rolled back to the build before, on the schema of the next', () =>
    namespace.helm('rollback', 'tidemark', '2', '--wait', '--timeout', '10m'));

  it('loses workers and a scheduler, in order and by force', async () => {
    const [first, second] = await namespace.pods('worker');
    const [scheduler] = await namespace.pods('scheduler');
    if (first === undefined || second === undefined || scheduler === undefined)
      throw new Error('there is nobody to delete');
    await namespace.kubectl('delete', 'pod', first.metadata.name, '--wait=false');
    await namespace.kubectl('delete', 'pod', second.metadata.name, '--grace-period=0', '--force');
    await namespace.kubectl('delete', 'pod', scheduler.metadata.name, '--wait=false');
    for (const component of ['worker', 'scheduler'])
      await namespace.kubectl('rollout', 'status', `deployment/tidemark-${component}`, '--timeout=180s');
    await sleep(10_000);
  });

  it('has answered every request meanwhile', async () => {
    const summary = JSON.parse(await load.end()) as LoadSummary;
    say('load', summary);
    expect(summary).toMatchObject({ failed: 0, failures: [] });
    expect(summary.perSecond).toBeGreaterThan(RATE * 0.95);
  });

  it('misses no slot at 5 s, and at 1 s none that was lost, not planned or has no reason', async () => {
    const to = Math.floor(Date.now() / 1000) - 5;
    await sleep(DECIDED_AFTER_MS);
    const report = async (ticker: string): Promise<GapReport> => {
      const { body } = await namespace.ask(`${api}/gaps?ticker=${ticker}&from=${loadedFrom}&to=${to}`);
      return JSON.parse(body) as GapReport;
    };
    const [slow, fast] = [await report('eth_usd'), await report('btc_usd')];
    say('slots at 5 s', { ...slow, gaps: slow.gaps.length });
    say('slots at 1 s', fast);
    expect(slow).toMatchObject({ missing: 0, unexplained: 0, gaps: [] });
    // A minute of them at least: how long the upgrades take is the cluster's matter.
    expect(slow.expected).toBeGreaterThanOrEqual(12);
    expect(fast.unexplained).toBe(0);
    expect(JSON.stringify(fast.gaps)).not.toMatch(/lost|not_planned/);
  });

  it('is proven by verify, run in one of its pods', async () => {
    const words = ['exec', 'deployment/tidemark-scheduler', '--', 'env', 'SIMULATOR_URL=http://sources-simulator:8003'];
    const printed = await namespace.kubectl(...words, 'tidemark', 'verify');
    say(
      'verify',
      printed.split('\n').filter((line) => /^\s*I\d/.test(line)),
    );
    expect(printed).not.toMatch(/BROKEN/i);
  });

  it('does not let its last ready pod be evicted', async () => {
    for (const component of ['api', 'scheduler', 'worker']) {
      await namespace.kubectl('scale', `deployment/tidemark-${component}`, '--replicas=1');
      const only = await eventually(`one ${component}`, 60_000, async () => {
        const pods = await namespace.pods(component);
        return pods.length === 1 ? pods[0] : undefined;
      });
      await expect(evict(only.metadata.name)).rejects.toThrow(
        /Cannot evict pod as it would violate the pod's disruption budget/,
      );
    }
  });

  async function evict(pod: string): Promise<void> {
    const metadata = { name: pod, namespace: namespace.name };
    const eviction = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata });
    const route = `/api/v1/namespaces/${namespace.name}/pods/${pod}/eviction`;
    await command('kubectl', ['create', '--raw', route, '-f', '-'], eviction);
  }

  describe.each([
    { store: 'valkey', concerned: ['scheduler', 'worker'], cut: cutValkey },
    { store: 'postgresql', concerned: ['api', 'scheduler', 'worker'], cut: cutPostgresql },
  ])('while $store is away', ({ store, concerned, cut }) => {
    let changes: Change[] = [];
    let goneAtMs: number;
    let backAtMs: number;
    let served: { status: number; body: string };
    let status: { status: number; body: string };

    beforeAll(async () => {
      const watched = await Promise.all(['api', 'scheduler', 'worker'].map(addressOf));
      const watch = namespace.start('watch.mjs', { WATCHED: watched.join(' ') });
      const seen = (): Change[] => watch.lines.map((line) => JSON.parse(line) as Change);
      await eventually('every process to be ready', 60_000, () =>
        watched.length === seen().filter((change) => change.status === 200).length ? true : undefined,
      );
      await setSelector(store, 'nobody');
      await cut();
      goneAtMs = Date.now();
      await sleep(OUTAGE_SECONDS * 500);
      served = await namespace.ask(`${api}/prices/latest?ticker=btc_usd`);
      status = await namespace.ask(`http://tidemark-control:8001/livez`);
      await sleep(OUTAGE_SECONDS * 500);
      await setSelector(store, store);
      backAtMs = Date.now();
      await sleep(WRONG_FOR_MS + 3_000);
      changes = seen();
      await watch.end();
    });

    it.each(concerned)('%s says so within 5 s, and is ready again 5 s after its return', (name) => {
      const gone = changes.find((change) => change.name === name && change.status === 503);
      const back = changes.findLast((change) => change.name === name);
      say(`${name} without ${store}`, {
        said: seconds(gone, goneAtMs),
        back: seconds(back, backAtMs),
        reason: gone?.body,
      });
      expect(gone).toBeDefined();
      expect(back?.status).toBe(200);
      expect((gone?.at ?? 0) - goneAtMs).toBeLessThan(WRONG_FOR_MS + SEEN_WITHIN_MS);
      expect((back?.at ?? Infinity) - backAtMs).toBeLessThan(WRONG_FOR_MS + SEEN_WITHIN_MS);
    });

    it('the API answers through its Service, and the control plane lives', () => {
      const isRead = !concerned.includes('api');
      expect(served.status).toBe(isRead ? 200 : 503);
      if (!isRead)
        expect(JSON.parse(served.body)).toMatchObject({ status: 503, detail: expect.stringContaining('database') });
      expect(status.status).toBe(200);
    });
  });

  function seconds(change: Change | undefined, sinceMs: number): number | undefined {
    return change === undefined ? undefined : (change.at - sinceMs) / 1000;
  }

  async function addressOf(component: string): Promise<string> {
    const [pod] = await namespace.pods(component);
    const port = { api: 8000, scheduler: 8001, worker: 8002 }[component];
    return `${component}=http://${pod?.status.podIP}:${port}/readyz`;
  }

  /** A Service whose selector names nobody refuses connections. */
  async function setSelector(store: string, component: string): Promise<void> {
    const patch = { spec: { selector: { 'app.kubernetes.io/component': component } } };
    await namespace.kubectl('patch', 'service', `tidemark-${store}`, '--patch', JSON.stringify(patch));
  }

  async function cutPostgresql(): Promise<void> {
    const end =
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = $$client backend$$ AND pid <> pg_backend_pid()';
    const words = [
      'exec',
      'deployment/tidemark-postgresql',
      '--',
      'psql',
      '--username=tidemark',
      '--dbname=tidemark',
      '--command',
      end,
    ];
    await namespace.kubectl(...words);
  }

  async function cutValkey(): Promise<void> {
    const end =
      'valkey-cli --no-auth-warning -a "$VALKEY_PASSWORD" CLIENT KILL TYPE normal SKIPME yes; valkey-cli --no-auth-warning -a "$VALKEY_PASSWORD" CLIENT KILL TYPE pubsub';
    await namespace.kubectl('exec', 'deployment/tidemark-valkey', '--', 'sh', '-c', end);
  }
});
