import { runCli } from './program.js';
import { processTerminal } from './process-terminal.js';

process.exitCode = await runCli(process.argv.slice(2), processTerminal());
// What a library has left under way must not keep the process.
setTimeout(() => process.exit(), 100).unref();
