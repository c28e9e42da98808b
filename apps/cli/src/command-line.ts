import { runCli } from './program.js';
import { processTerminal } from './process-terminal.js';

process.exitCode = await runCli(process.argv.slice(2), processTerminal());
// A reader that is slow gets all of it before the process ends.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
// What a library has left under way must not keep the process.
setTimeout(() => process.exit(), 100).unref();
