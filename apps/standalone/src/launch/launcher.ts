import { join, resolve } from 'node:path';
import { configuredSources, keptPassword } from '@app/config';
import { LASTING_FAULT } from '@app/process';
import { SOURCES, sourceByName } from '@app/sources';
import { appsOf, entryPoint, untilAppReady, urlOf, wantedPorts, type ServingApp } from './apps.js';
import { bannerLines } from './banner.js';
import { folderFault, startFaults, startNotes } from './check-start.js';
import {
  childEnvironment,
  startIntervalSeconds,
  unusedStoreVariables,
  type AppName,
  type Decisions,
} from './child-environment.js';
import {
  type Child,
  endLeftProcesses,
  type EndStage,
  lockFolder,
  messageOf,
  noteProcesses,
  startChild,
  startStores,
  type Stores,
  Supervisor,
} from '@app/embedded';
import type { LauncherMode, LauncherSettings } from './launcher-settings.js';
import { listeningAddresses } from './listening-addresses.js';
import { checkPorts, type PortNumbers } from './port-check.js';
import { Reporter } from './reporter.js';
import type { CatalogueOptions } from './named-sources.js';
import { DEFAULT_SOURCES, probeSources, type UnusableSource } from './source-probe.js';
import { lastingFaults, StartError } from './start-error.js';

/** What a system that answers can be asked. */
export interface ReadySystem {
  readonly mode: LauncherMode;
  readonly databaseUrl: string;
  /** Undefined when the simulator does not run. */
  readonly simulatorUrl: string | undefined;
}

/** What a launcher is made of. */
export interface LauncherOptions {
  readonly mode: LauncherMode;
  readonly settings: LauncherSettings;
  /** Writes one line to the terminal. */
  readonly print: (line: string) => void;
  /** Width of the terminal now. */
  readonly columns: () => number;
  /** Given when everything is to end. */
  readonly signal: AbortSignal;
  /** Called once when the scheduler (and in the demo the simulator) is ready. */
  readonly afterReady?: (system: ReadySystem) => Promise<void>;
  /** The names of the sources that the catalogue asks; default: any that cannot be reached is named. */
  readonly sourcesOf?: (catalogue: CatalogueOptions) => Promise<ReadonlySet<string>>;
  /** Folder with the compiled apps; default: where this file was compiled to. */
  readonly appsFolder?: string;
}

/**
 * Those who write end first, and the stores last. The worker may wait for the last second of a call; Postgres writes a
 * checkpoint.
 */
const END_STAGES: readonly EndStage[] = [
  { names: ['worker', 'scheduler'], reservedMs: 1_800 },
  { names: ['api', 'simulator'], reservedMs: 800 },
  { names: ['redis'], reservedMs: 400 },
  { names: ['postgres'], reservedMs: 1_400 },
];

/** Leaves room to the 5 s that were promised. */
const END_LIMIT_MS = 4_400;

/** Since the start of the process, so that a source that hangs is named within the 5 s that were promised. */
const PROBE_LIMIT_MS = 4_000;

/** A slow start leaves the sources this much all the same. */
const PROBE_LEAST_MS = 1_000;

/**
 * Runs the whole system until the signal is given, and ends all of it then.
 * @throws StartError with everything that has to be mended before it can run; then nothing was started.
 * @throws LastingEndError when a process says later, and before it was ready once, that no new start would help.
 * @throws Error with a sentence for the user when it cannot run; what was started is ended before.
 */
export async function runSystem(options: LauncherOptions): Promise<void> {
  const { mode, settings } = options;
  const folder = resolve(settings.TIDEMARK_HOME, mode === 'demo' ? 'demo' : 'live');
  const unusable = folderFault(folder);
  const finding = startFaults(options);
  finding.catch(() => undefined); // It may fail before it is waited for below.
  if (unusable !== undefined) throw new StartError([unusable, ...(await finding)]);
  const lock = await lockFolder(folder);
  try {
    const noteFile = join(folder, 'processes.json');
    await endLeftProcesses(noteFile);
    const ports = await portsWithout(finding, wantedPorts(mode, settings));
    const reporter = new Reporter({
      folder: join(folder, 'logs'),
      print: options.print,
      columns: options.columns,
      now: () => performance.now(),
    });
    const lasting = Promise.withResolvers<never>();
    lasting.promise.catch(() => undefined); // It may come when nobody waits for it any more.
    const wasReady = new Set<string>();
    const supervisor = new Supervisor({
      say: (sentence) => reporter.note(sentence),
      onLasting: ({ name }) => {
        const end = reporter.lastingEnd(name);
        if (wasReady.has(name)) reporter.note(end.message);
        else lasting.reject(end);
        return !wasReady.has(name);
      },
      onChange: (pids) => noteProcesses(noteFile, pids),
    });
    try {
      await Promise.race([lasting.promise, run({ ...options, folder, ports, reporter, supervisor, wasReady })]);
    } finally {
      reporter.quiet();
      await supervisor.end(END_STAGES, END_LIMIT_MS);
      reporter.close();
    }
  } finally {
    await lock.release();
  }
}

/** The ports by variable. @throws StartError with what was found, and every port that cannot be had. */
async function portsWithout(finding: Promise<string[]>, wanted: Parameters<typeof checkPorts>[0]) {
  let ports: PortNumbers = {};
  const taken = await lastingFaults(async () => (ports = await checkPorts(wanted)));
  const faults = [...(await finding), ...taken];
  if (faults.length > 0) throw new StartError(faults);
  return ports;
}

interface Running extends LauncherOptions {
  readonly folder: string;
  readonly ports: PortNumbers;
  readonly reporter: Reporter;
  readonly supervisor: Supervisor;
  /** The apps that were ready once: what ends one of them for good does not end the others. */
  readonly wasReady: Set<string>;
}

async function run(running: Running): Promise<void> {
  const { mode, settings, folder, ports, reporter, supervisor, signal } = running;
  const faults = mode === 'start' ? probe(settings) : undefined;
  const stores = await startStores({
    folder,
    queueStore: settings.QUEUE_STORE,
    searchPath: settings.given.machine['PATH'] ?? '',
    onLine: (name, line) => reporter.line(name, line),
  });
  const { postgres, queue } = stores;
  supervisor.watch(postgres.part, postgres.child);
  if (queue !== undefined) supervisor.watch(queue.part, queue.child);
  if (signal.aborted) return;

  const decisions: Decisions = {
    mode,
    folder,
    ports,
    databaseUrl: postgres.url,
    queueUrl: queue?.url,
    apiDatabasePassword: keptPassword(join(folder, 'api-database-password')),
    controlPassword: settings.CONTROL_PASSWORD ?? keptPassword(join(folder, 'control-password')),
    isCatalogueApplied: false,
  };
  const failed = new Promise<never>((_, reject) => void migrate(running, decisions).catch(reject));
  failed.catch(() => undefined); // It may come before anybody waits for it below.
  for (const name of appsOf(mode)) {
    // It listens only after it has applied the catalogue; one that dies before gets it again.
    const launch = () =>
      launchApp(name, running, { ...decisions, isCatalogueApplied: running.wasReady.has('scheduler') });
    await supervisor.start({ name, launch, lastingStatus: LASTING_FAULT });
  }

  for (const line of banner(running, decisions, stores)) running.print(line);
  reporter.onFirstPrice(() => running.print(`first price stored ${secondsSinceStart()} s after start`));
  for (const sentence of [...startNotes(running), ...unusedStores(settings)]) reporter.note(sentence);
  void follow(running, decisions);
  void faults?.then(async (found) => {
    const catalogue = { file: settings.CATALOGUE_FILE, databaseUrl: decisions.databaseUrl };
    const named = await running.sourcesOf?.(catalogue).catch(() => undefined);
    for (const { source, sentence } of found) if (named?.has(source) ?? true) reporter.note(sentence);
  });
  await Promise.race([failed, new Promise<void>((end) => onAbort(signal, end))]);
}

/** Prepares the database: the one child that runs to its end. A database that dies meanwhile is given a second chance. */
async function migrate(running: Running, decisions: Decisions): Promise<void> {
  const { supervisor, signal, reporter } = running;
  const database = supervisor.pidOf('postgres');
  const child = await launchApp('migrate', running, decisions);
  const stop = (): void => void child.stop(1_000);
  onAbort(signal, stop);
  const end = await child.ended;
  signal.removeEventListener('abort', stop);
  await child.stop(0);
  if (end.status === 0 || signal.aborted) return;
  if (end.status === LASTING_FAULT) throw reporter.lastingEnd('migrate');
  if (supervisor.pidOf('postgres') !== database) return migrate(running, decisions);
  throw new Error(
    [
      'The database could not be prepared:',
      ...reporter.wordsOf('migrate'),
      `Its log: ${reporter.logOf('migrate')}`,
    ].join('\n'),
  );
}

function launchApp(name: AppName, running: Running, decisions: Decisions): Promise<Child> {
  running.reporter.forgetWords(name);
  return startChild({
    name,
    command: process.execPath,
    // With the words that Node itself was given, as `fork` does it.
    arguments: [...process.execArgv, entryPoint(name, running.appsFolder)],
    environment: childEnvironment(name, running.settings, decisions),
    onLine: (line) => running.reporter.line(name, line),
  });
}

/** Tells when everything is ready, and calls the hooks when that which they need is. */
async function follow(running: Running, { databaseUrl }: Decisions): Promise<void> {
  const { mode, settings, ports, signal, reporter, afterReady, wasReady } = running;
  const apps = appsOf(mode);
  const ready = (name: ServingApp): Promise<void> => untilAppReady(urlOf(name, settings, ports), signal);
  const firstReady = new Map(apps.map((name) => [name, ready(name).then(() => signal.aborted || wasReady.add(name))]));
  await Promise.all([firstReady.get('scheduler'), firstReady.get('simulator')]);
  if (signal.aborted) return;
  const simulatorUrl = mode === 'demo' ? urlOf('simulator', settings, ports) : undefined;
  await afterReady?.({ mode, databaseUrl, simulatorUrl }).catch((error: unknown) => reporter.note(messageOf(error)));
  await Promise.all(firstReady.values());
  await Promise.all(apps.map(ready));
  if (!signal.aborted) running.print(`all processes are ready ${secondsSinceStart()} s after start`);
}

/** What keeps the sources of the default catalogue from being used. */
async function probe(settings: LauncherSettings): Promise<UnusableSource[]> {
  return probeSources({
    sources: DEFAULT_SOURCES.map(sourceByName).filter((source) => source !== undefined),
    access: configuredSources({ ...settings }, SOURCES),
    httpsProxy: settings.HTTPS_PROXY,
    noProxy: settings.NO_PROXY,
    limitMs: Math.max(Math.round(PROBE_LIMIT_MS - performance.now()), PROBE_LEAST_MS),
    now: Date.now,
  }).catch((error: unknown) => DEFAULT_SOURCES.map((source) => ({ source, sentence: messageOf(error) })));
}

function unusedStores(settings: LauncherSettings): string[] {
  const names = unusedStoreVariables(settings);
  if (names.length === 0) return [];
  return [
    `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} not used here: the stores of \`make demo\` and \`make start\` are their own; for a database of your own see docs/quick-start.md.`,
  ];
}

function banner(running: Running, decisions: Decisions, { postgres, queueStore }: Stores): string[] {
  const { mode, settings, ports, folder, columns } = running;
  return bannerLines({
    columns: columns(),
    mode,
    intervalSeconds: startIntervalSeconds(mode, settings),
    apiUrl: urlOf('api', settings, ports),
    apiAddresses: listeningAddresses({
      host: settings.API_HOST,
      port: ports['API_PORT'] ?? settings.API_PORT,
      hostVariable: 'API_HOST',
    }),
    controlUrl: urlOf('scheduler', settings, ports),
    simulatorUrl: mode === 'demo' ? urlOf('simulator', settings, ports) : undefined,
    controlPassword: settings.CONTROL_PASSWORD === undefined ? decisions.controlPassword : undefined,
    queueStore,
    databasePort: postgres.port,
    folder,
    databaseMovedTo: postgres.movedTo,
  });
}

function onAbort(signal: AbortSignal, call: () => void): void {
  if (signal.aborted) call();
  else signal.addEventListener('abort', call, { once: true });
}

/** Since this process began. */
function secondsSinceStart(): string {
  return (performance.now() / 1000).toFixed(1);
}
