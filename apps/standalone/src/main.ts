import { messageOf } from '@app/embedded';
import { foreseenStatus, readableColumns, sayFault, wrapLines } from '@app/process';
import { readEnvironment } from './launch/launcher-settings.js';
import { runSystem, type ReadySystem } from './launch/launcher.js';
import { namedSources } from './launch/named-sources.js';
import { seedHistory } from './launch/seed-history.js';

const mode = process.argv[2];
const startedAtSeconds = Math.floor(Date.now() / 1000);
const ending = new AbortController();
const end = (): void => {
  ending.abort();
  // Whatever hangs, hangs no longer than promised: the watchdogs end what is left.
  setTimeout(() => process.exit(1), 4_900).unref();
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
// Nobody reads any more: as good as a Ctrl-C.
process.stdout.on('error', end);

const columns = (): number => readableColumns(process.stdout);
const print = (text: string): void => void process.stdout.write(`${wrapLines(text, columns())}\n`);
const afterReady = async (system: ReadySystem): Promise<void> => {
  const stored = await seedHistory(system, startedAtSeconds);
  if (stored > 0)
    print(`${stored.toLocaleString('en')} simulated prices of the past 24 h stored, so that ranges are not empty`);
};
try {
  if (mode !== 'demo' && mode !== 'start')
    throw Object.assign(new Error('Usage: make demo, or make start'), { exitStatus: 2 });
  const hooks = { afterReady, sourcesOf: namedSources };
  await runSystem({ mode, settings: await readEnvironment(mode), print, columns, signal: ending.signal, ...hooks });
  print('Tidemark has ended.');
  process.exit(0);
} catch (error) {
  sayFault(messageOf(error));
  process.exit(foreseenStatus(error) ?? 1);
}
