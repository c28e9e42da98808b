#!/usr/bin/env node
import { PROCESS_COMMANDS } from './processes.js';

const command = PROCESS_COMMANDS.find(({ name }) => name === process.argv[2]);
if (command === undefined) {
  await import('./command-line.js');
} else {
  // It reads its own words only; nothing else is loaded before it, since the heap would keep the size that it took.
  process.argv.splice(2, 1);
  await import(new URL(command.entry, import.meta.url).href);
}
