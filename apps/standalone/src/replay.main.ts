import { fileURLToPath } from 'node:url';
import { runOnDatabase } from './replay/run-on-database.js';

const entry = fileURLToPath(new URL('../../cli/src/replay.main.js', import.meta.url));
const complain = (text: string): void => void process.stderr.write(`${text}\n`);
process.exitCode = await runOnDatabase(entry, process.argv.slice(2), complain);
