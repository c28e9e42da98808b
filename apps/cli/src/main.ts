#!/usr/bin/env node
import { PROCESS_COMMANDS } from './processes.js';

/** What is loaded below does not run on an older one, and would say so by a stack. */
const OLDEST_NODE = 24;
if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(
    `Tidemark needs Node ${OLDEST_NODE}, and this is ${process.version}.\nA checkout brings it: export PATH=$PWD/node_modules/.bin:$PATH\n`,
  );
  process.exit(2);
}

// The first process of a container has no default for signals: one that came while it is loaded would be lost, and it would be killed
// after the whole grace period. Nothing is in hand yet and nothing done, so that it ends at once, with the status of the signal.
// As soon as what is loaded listens itself, how it ends is its own matter.
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const endAtOnce = (_signal: NodeJS.Signals, number: number): never => process.exit(128 + number);
const handOver = (event: string | symbol): void => {
  // After the other has begun to listen: in between nobody would.
  if (SIGNALS.some((signal) => signal === event)) process.nextTick(() => process.off(event, endAtOnce));
};
for (const signal of SIGNALS) process.on(signal, endAtOnce);
process.on('newListener', handOver);

const [, , name, ...words] = process.argv;
const command = PROCESS_COMMANDS.find((known) => known.name === name);
const isHelpAsked = words.some((word) => word === '-h' || word === '--help');
// A question for help, and words for a process that takes none: the command line answers, and no process is started.
if (command === undefined || isHelpAsked || (words.length > 0 && command.hasOptions !== true)) {
  await import('./command-line.js');
} else {
  // It reads its own words only; nothing else is loaded before it, since the heap would keep the size that it took.
  process.argv.splice(2, 1);
  await import(new URL(command.entry, import.meta.url).href);
}
process.off('newListener', handOver);
for (const signal of SIGNALS) process.off(signal, endAtOnce);
