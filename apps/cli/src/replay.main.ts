import { processTerminal } from './process-terminal.js';
import { runReplay } from './replay/run-replay.js';

process.exitCode = await runReplay(process.argv.slice(2), processTerminal());
