// `make soak MINUTES=10`: the demo at 1-s sampling under faults that change all the time (sources that fail in every way the
// simulator knows, processes that are killed), then `verify` on what it left. Uses ports and a data folder of its own.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.mjs';
import { makeHome, removeHome } from '../test/support/private-home.mjs';

const minutes = Number(process.env.MINUTES ?? 10);
if (!(minutes > 0 && minutes <= 10_080)) {
  console.error('MINUTES must be a number above 0 and at most 10080, a week: make soak MINUTES=10');
  process.exit(2);
}
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const home = makeHome('soak');
const [api, control, worker, simulator] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
const environment = {
  // Without what would name another database: the demo has its own, and it is that one which is verified.
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(DATABASE_URL|POSTGRES_)/.test(name))),
  TIDEMARK_HOME: home,
  SAMPLE_INTERVAL_SECONDS: process.env.SAMPLE_INTERVAL_SECONDS ?? '1',
  API_PORT: String(api),
  CONTROL_PORT: String(control),
  WORKER_PORT: String(worker),
  // Prices are what is soaked.
  ETL_INTERVAL_SECONDS: '0',
  SIMULATOR_ASSETS: '0',
  SIMULATOR_PORT: String(simulator),
};

console.log(`Soaking for ${minutes} minutes, with seed ${seed} (SOAK_SEED=${seed} does the same again), in ${home}`);
const demo = spawn(process.execPath, ['dist/apps/standalone/src/main.js', 'demo'], {
  env: environment,
  stdio: ['ignore', 'pipe', 'inherit'],
});
demo.stdout.resume();
const ended = new Promise((resolve) => demo.once('exit', resolve));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => demo.kill('SIGINT'));
demo.once('exit', (status) => {
  if (status !== 0) console.error(`the demo ended by itself with status ${status}`);
});

await until(
  'the demo to answer',
  60_000,
  async () => (await fetch(`http://127.0.0.1:${api}/prices/latest?ticker=btc_usd`)).ok,
);
const end = Date.now() + minutes * 60_000;
let faults = 0;
while (Date.now() < end && demo.exitCode === null) {
  const brought = await pick([sourceFault, sourceFault, sourceFault, kill])();
  faults += 1;
  console.log(`${new Date().toISOString().slice(11, 19)}Z  ${brought}`);
  await sleep(Math.min(3_000 + random() * 12_000, Math.max(0, end - Date.now())));
}
await fetch(`http://127.0.0.1:${simulator}/simulator/faults`, { method: 'DELETE' }).catch(() => undefined);
// What is in flight gets its outcome before the end: the grace of a slot and the pause of the closer.
await sleep(20_000);
demo.kill('SIGINT');
await ended;
console.log(`${faults} faults brought about. Verifying ...`);
const verify = spawn(process.execPath, ['dist/apps/cli/src/verify.main.js'], {
  env: environment,
  stdio: 'inherit',
});
const status = await new Promise((resolve) => verify.once('exit', resolve));
if (status === 0) removeHome(home);
else console.error(`The data is kept in ${home}`);
process.exit(status ?? 1);

async function sourceFault() {
  const kind = pick(['status', 'delay', 'hang', 'slow_body', 'truncated', 'wrong_body']);
  const seconds = Math.round(2 + random() * 10);
  const fault = {
    source: 'deribit',
    ...(random() < 0.5 ? { ticker: pick(['btc_usd', 'eth_usd']) } : {}),
    kind,
    seconds,
    ...(kind === 'status' ? { status: pick([429, 500, 502, 503, 403]) } : {}),
    ...(kind === 'delay' ? { delay_ms: Math.round(random() * 3_000) } : {}),
  };
  const response = await fetch(`http://127.0.0.1:${simulator}/simulator/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fault),
  }).catch(() => undefined);
  return response?.ok ? `source: ${JSON.stringify(fault)}` : 'the simulator is away, no fault brought about';
}

async function kill() {
  const victim = pick(children());
  if (victim === undefined) return 'nobody to kill';
  process.kill(victim.pid, 'SIGKILL');
  return `killed: ${victim.name}`;
}

/** The processes that the demo runs. The simulator is left alone: it is the measure. */
function children() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const parent = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1]);
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const name =
          /apps\/(scheduler|worker|api)\//.exec(command)?.[1] ??
          /(postgres|redis-server|valkey-server)/.exec(command)?.[1];
        return parent === demo.pid && name !== undefined ? [{ pid: Number(pid), name }] : [];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

function pick(items) {
  return items[Math.floor(random() * items.length)];
}

/** Mulberry32: the same faults again from the same seed. */
function randomFrom(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function until(what, limitMs, ask) {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline) {
    if (await ask().catch(() => false)) return;
    await sleep(200);
  }
  demo.kill('SIGINT');
  throw new Error(`waited in vain for ${what}`);
}
