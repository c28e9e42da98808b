import { runVerify } from './verify/run-verify.js';

process.exitCode = await runVerify(process.argv.slice(2), {
  print: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
});
