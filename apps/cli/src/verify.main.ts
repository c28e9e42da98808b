import { processTerminal } from './process-terminal.js';
import { runVerify } from './verify/run-verify.js';

process.exitCode = await runVerify(process.argv.slice(2), processTerminal());
