import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createPool, recordSimulation, type Pool } from '@app/storage';
import { freePort } from './free-port.mjs';
import { eventually, runToEnd, startProcess, type LogLine, type RunningProcess } from './processes.js';

/** What a system under test is made of. */
export interface TestSystemOptions {
  readonly databaseUrl: string;
  /** Queue store; undefined is the database. */
  readonly queueUrl?: string | undefined;
  readonly intervalSeconds?: number;
  /** YAML; undefined is the default catalogue. */
  readonly catalogue?: string;
  /** Base addresses of the sources; undefined starts the simulator. */
  readonly sourceUrls?: { readonly DERIBIT_URL: string; readonly COINGECKO_URL: string };
  readonly seed?: string;
  /** How many made-up assets the simulator has. */
  readonly simulatedAssets?: number;
  readonly history?: string;
  /** Folder of the compiled programs of another build, which {@link TestSystem.startOther} starts. */
  readonly otherBuild?: string;
}

/** A whole Tidemark of real processes on a real database: what ships, started and killed by a test. */
export class TestSystem {
  readonly pool: Pool;
  /** Every process that was ever started, ended ones included. */
  readonly started: { readonly name: string; readonly process: RunningProcess }[] = [];
  private readonly running = new Map<string, RunningProcess>();

  private constructor(
    private readonly options: TestSystemOptions,
    private readonly home: string,
    private readonly environment: Record<string, string | undefined>,
    readonly simulatorUrl: string | undefined,
  ) {
    this.pool = createPool({
      url: options.databaseUrl,
      applicationName: 'tidemark-test',
      maxConnections: 4,
      onIdleError: () => undefined,
    });
  }

  /** Migrates the database and starts the simulator; schedulers, workers and the API are started by name. */
  static async prepare(options: TestSystemOptions): Promise<TestSystem> {
    const home = await mkdtemp(path.join(os.tmpdir(), 'tidemark-system-'));
    const catalogueFile = path.join(home, 'catalogue.yaml');
    if (options.catalogue !== undefined) await writeFile(catalogueFile, options.catalogue);
    const simulatorPort = options.sourceUrls === undefined ? await freePort() : undefined;
    const simulatorUrl = simulatorPort === undefined ? undefined : `http://127.0.0.1:${simulatorPort}`;
    const environment = {
      DATABASE_URL: options.databaseUrl,
      QUEUE_URL: options.queueUrl,
      TIDEMARK_MODE: 'simulated',
      TIDEMARK_HOME: home,
      API_DATABASE_PASSWORD: 'reader',
      CONTROL_PASSWORD: 'control-password',
      // Calls for prices are what most tests count.
      ETL_INTERVAL_SECONDS: '0',
      DERIBIT_URL: options.sourceUrls?.DERIBIT_URL ?? `${simulatorUrl}/deribit/api/v2`,
      COINGECKO_URL: options.sourceUrls?.COINGECKO_URL ?? `${simulatorUrl}/coingecko/api/v3`,
      SIMULATOR_SEED: options.seed,
      SIMULATOR_ASSETS: options.simulatedAssets === undefined ? undefined : String(options.simulatedAssets),
      SIMULATOR_HISTORY: options.history,
      SIMULATOR_PORT: simulatorPort === undefined ? undefined : String(simulatorPort),
      SAMPLE_INTERVAL_SECONDS: options.intervalSeconds === undefined ? undefined : String(options.intervalSeconds),
      CATALOGUE_FILE: options.catalogue === undefined ? undefined : catalogueFile,
    };
    const system = new TestSystem(options, home, environment, simulatorUrl);
    system.migrate('this');
    if (simulatorUrl !== undefined) await system.startSimulator(simulatorUrl);
    return system;
  }

  /** Starts a process under a name of its own, e.g. `scheduler-2`, with a clock that is off by `skewMs` and variables of its own. */
  async start(
    app: 'scheduler' | 'worker' | 'api',
    name: string = app,
    skewMs = 0,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { url, ports } = await this.place();
    this.launch(name, `${app}/src/main.js`, { ...this.environment, ...ports, ...variables }, skewMs);
    return url;
  }

  /** Starts a process of the other build. */
  async startOther(app: 'scheduler' | 'worker' | 'api', name: string): Promise<string> {
    const { url, ports } = await this.place();
    this.launch(name, path.join(this.otherBuild(), 'apps', app, 'src/main.js'), { ...this.environment, ...ports }, 0);
    return url;
  }

  /** Starts a program of a test, a TypeScript file that runs on what is compiled: see `run-on-build.mjs`. */
  async startProgram(file: string, name: string, variables: Readonly<Record<string, string>> = {}): Promise<string> {
    const { url, ports } = await this.place();
    const runner = path.join(import.meta.dirname, 'run-on-build.mjs');
    this.launch(name, runner, { ...this.environment, ...ports, ...variables }, 0, [file]);
    return url;
  }

  /** Runs the migration of this build or of the other one. @returns what it said. */
  migrate(build: 'this' | 'other'): string {
    const entry = 'scheduler/src/migrate.main.js';
    const program = build === 'this' ? entry : path.join(this.otherBuild(), 'apps', entry);
    const { status, stdout, stderr } = runToEnd(program, [], this.environment);
    if (status !== 0) throw new Error(`migrate failed: ${stdout}${stderr}`);
    return stdout;
  }

  /** Ends a process by a signal. */
  async end(name: string, signal: NodeJS.Signals): Promise<void> {
    const process = this.running.get(name);
    if (process === undefined) throw new Error(`${name} does not run`);
    this.running.delete(name);
    await process.end(signal);
  }

  /** Sends a process a signal that does not end it. */
  signal(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.running.get(name)?.child.kill(signal);
  }

  /** What processes whose name begins so have logged, ended ones included. */
  lines(prefix: string): LogLine[] {
    return this.started.filter(({ name }) => name.startsWith(prefix)).flatMap(({ process }) => process.lines);
  }

  /** Waits until every ticker has a price of this slot or a later one; answers the first slot at or after it of any ticker. */
  async priceFrom(slot: number, limitMs = 30_000): Promise<number> {
    return eventually(`a price of slot ${slot} or later`, limitMs, async () => {
      const result = await this.pool.query<{ first: number | null; behind: boolean | null }>(
        `SELECT (SELECT min(slot) FROM prices WHERE slot >= $1) AS first, (SELECT min(slot) < $1 FROM latest) AS behind`,
        [slot],
      );
      const row = result.rows[0];
      return row?.first !== null && row?.behind === false ? row.first : undefined;
    });
  }

  /** Runs the checker on this database. */
  verify() {
    return runToEnd('cli/src/verify.main.js', [], { ...this.environment, SIMULATOR_PORT: undefined });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.running.keys()].map((name) => this.end(name, 'SIGTERM')));
    await this.pool.end();
    await rm(this.home, { recursive: true, force: true });
  }

  private otherBuild(): string {
    if (this.options.otherBuild === undefined) throw new Error('this system has no other build');
    return this.options.otherBuild;
  }

  private async place(): Promise<{ url: string; ports: Record<string, string> }> {
    const port = String(await freePort());
    const ports = { CONTROL_PORT: port, WORKER_PORT: port, API_PORT: port, API_HOST: '127.0.0.1' };
    return { url: `http://127.0.0.1:${port}`, ports };
  }

  private async startSimulator(url: string): Promise<void> {
    this.launch('simulator', 'simulator/src/main.js', this.environment, 0);
    await eventually('the simulator to answer', 15_000, async () =>
      (await fetch(`${url}/readyz`)).ok ? true : undefined,
    );
    const simulation = { since: 0, seed: this.options.seed ?? 'tidemark', history: this.options.history ?? null };
    await recordSimulation(this.pool, simulation);
  }

  private launch(
    name: string,
    entry: string,
    environment: Record<string, string | undefined>,
    skewMs: number,
    words: readonly string[] = [],
  ): void {
    if (this.running.has(name)) throw new Error(`${name} runs already`);
    const process = startProcess(entry, environment, skewMs, words);
    this.running.set(name, process);
    this.started.push({ name, process });
  }
}
