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

/** Stand-ins for the compiled apps, for tests of the launcher alone. The worker says that it stored a slot, the scheduler which catalogue and interval it got. */
export function writeFakeApps(folder: string, migrate = 'process.exit(0)'): void {
  const files = {
    'scheduler/src/migrate.main.js': migrate,
    'scheduler/src/main.js': server('CONTROL_PORT', TOLD),
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
