// Loaded first by every process of `make dev`. The process stays, keeps the program in a child, and starts that anew when a file that
// it runs has been compiled. A spare stands by, which has loaded the packages already: they are nine tenths of what a start costs.
import { spawn } from 'node:child_process';
import { readFileSync, statSync, watch } from 'node:fs';
import { enableCompileCache, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const DIST = new URL('../dist/', import.meta.url);
/** Written by `dev.mjs` whenever something has been compiled. */
const CHANGED = '.changed';
const entry = process.argv[1] ?? '';
// The launcher loads a good deal of libs as well, and would take the stores down with it: it obeys its own files alone.
const LAUNCHER = new URL('apps/standalone/', DIST);
const isLauncher = entry.startsWith(fileURLToPath(LAUNCHER));
/** Runs to its end: nothing to keep. */
const isTask = entry.endsWith('migrate.main.js');

/** A spare is made when the start is over, since it would take the processor from it: after a second with this much to do at the most. */
const CALM_UTILIZATION = 0.2;
const LOOK_EVERY_MS = 1_000;

/** Says to a child that it is one. The launcher hands nothing of it on. */
const IS_CHILD = 'TIDEMARK_DEV_CHILD';

enableCompileCache();
if (process.env[IS_CHILD] !== undefined) await becomeProgram();
else if (!isTask) await keep();

/** Of the child: loads the packages that it is told, waits for its turn, and goes on to the program. */
async function becomeProgram() {
  delete process.env[IS_CHILD];
  const watched = isLauncher ? LAUNCHER : DIST;
  const loaded = new Map();
  const packages = new Set();
  registerHooks({
    resolve(specifier, context, next) {
      const result = next(specifier, context);
      if (context.parentURL?.startsWith(DIST.href) && result.url.includes('/node_modules/')) packages.add(result.url);
      return result;
    },
    load(url, context, next) {
      const result = next(url, context);
      if (url.startsWith(watched.href) && result.source) loaded.set(url, Buffer.from(result.source));
      return result;
    },
  });
  const isStale = () => {
    try {
      return [...loaded].some(([url, source]) => !source.equals(readFileSync(new URL(url))));
    } catch {
      return true; // A file of it is gone.
    }
  };
  watch(DIST, (_event, name) => name === CHANGED && isStale() && process.send?.({ isStale: true })).unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  const turn = new Promise((resolve) => {
    process.on('message', ({ preload, go }) => {
      if (preload !== undefined) void load(preload);
      if (go) resolve();
    });
  });
  await turn;
  process.channel?.unref();
  whenCalm(() => process.send?.({ packages: [...packages] }));
}

function whenCalm(call) {
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > CALM_UTILIZATION) return;
    clearInterval(timer);
    call();
  }, LOOK_EVERY_MS).unref();
}

/** One that cannot be loaded fails where the program asks for it. */
async function load(packages) {
  for (const url of packages) await import(url).catch(() => undefined);
}

/** When something was last compiled, in milliseconds since 1970. */
function changedAtMs() {
  return statSync(new URL(CHANGED, DIST), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Of the process itself: ends when the program ends by itself, or when it is told to. */
function keep() {
  const { promise: never } = Promise.withResolvers();
  let isEnding = false;
  let program;
  let spare;

  const startChild = () =>
    spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, [IS_CHILD]: '1' },
    });

  function run(child) {
    program = child;
    let isOutdated = false;
    const beganMs = Date.now();
    child.on('message', ({ isStale, packages }) => {
      if (packages !== undefined && spare === undefined && !isLauncher && !isEnding) makeSpare(packages);
      if (!isStale) return;
      isOutdated = true;
      child.kill('SIGTERM');
    });
    child.once('exit', (status) => {
      // One that fails while the next change is being made has had no time to see it.
      if ((isOutdated || changedAtMs() > beganMs) && !isEnding) return run(takeSpare() ?? startChild());
      spare?.kill('SIGKILL');
      process.exit(status ?? 1);
    });
    child.send({ go: true });
  }

  function makeSpare(packages) {
    spare = startChild();
    spare.once('exit', () => (spare = undefined));
    spare.send({ preload: packages });
  }

  function takeSpare() {
    const taken = spare?.connected ? spare : undefined;
    spare = undefined;
    taken?.removeAllListeners('exit');
    return taken;
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      isEnding = true;
      spare?.kill('SIGKILL');
      program.kill(signal);
    });
  }
  run(startChild());
  return never;
}
