import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Listens on the port of the given variable, is ready at once, and tells its log what it was asked to. */
const server = (variable: string, says = ''): string => `
import { createServer } from 'node:http';
const server = createServer((_, response) => response.end('{}'));
server.listen(Number(process.env.${variable}), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
const say = (entry) => console.log(JSON.stringify({ level: 'info', ...entry }));
${says}
`;

const SAMPLE = `
for (const ticker of ['btc_usd', 'eth_usd']) {
  say({ event: 'sample_stored', source: 'deribit', ticker, slot: 5, outcome: 'accepted', price: '1.50' });
}`;

const TOLD = 'say({ told: `${process.env.CATALOGUE_FILE} every ${process.env.SAMPLE_INTERVAL_SECONDS} s` });';

/** Refuses a catalogue with this word in its name, in two lines. */
const CHECK = `
if (process.env.CATALOGUE_FILE.includes('mistyped')) {
  console.error('CATALOGUE_FILE ' + process.env.CATALOGUE_FILE + ' is not usable:\\n  - tickers: must be a list of tickers');
  process.exit(2);
}`;

/** Stand-ins for the compiled apps, for tests of the launcher alone. The worker says that it stored a slot, the scheduler which catalogue and interval it got. */
export function writeFakeApps(folder: string, migrate = 'process.exit(0)', scheduler = ''): void {
  const files = {
    'scheduler/src/migrate.main.js': migrate,
    'scheduler/src/check.main.js': CHECK,
    'scheduler/src/main.js': scheduler === '' ? server('CONTROL_PORT', TOLD) : scheduler,
    'worker/src/main.js': server('WORKER_PORT', SAMPLE),
    'api/src/main.js': server('API_PORT'),
    'simulator/src/main.js': server('SIMULATOR_PORT'),
    'package.json': '{"type":"module"}',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
