// Runs in a pod: asks ADDRESSES in turn, RATE times a second, until its input ends, and prints what came of it as one JSON object.
// Requests are sent at their time whether or not those before them are answered, as callers do who know nothing of each other.
const addresses = process.env.ADDRESSES.split(' ');
const everyMs = 1000 / Number(process.env.RATE);
const startedAtMs = performance.now();
const latenciesMs = [];
const failures = [];
const open = new Set();
let sent = 0;

async function ask(address) {
  const beganMs = performance.now();
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(15_000) });
    const text = await answer.text();
    if (answer.status !== 200) fail(address, `status ${answer.status}: ${text.slice(0, 200)}`);
  } catch (error) {
    fail(address, `${error.message}: ${error.cause?.code ?? ''} ${error.cause?.message ?? ''}`);
  }
  latenciesMs.push(performance.now() - beganMs);
}

function fail(address, reason) {
  failures.push({ at: new Date().toISOString(), address, reason });
}

const timer = setInterval(() => {
  while (sent < (performance.now() - startedAtMs) / everyMs) {
    const asked = ask(addresses[sent % addresses.length]);
    open.add(asked);
    void asked.then(() => open.delete(asked));
    sent += 1;
  }
}, 5);

process.stdin.resume().on('end', async () => {
  clearInterval(timer);
  const seconds = (performance.now() - startedAtMs) / 1000;
  await Promise.all(open);
  latenciesMs.sort((left, right) => left - right);
  const at = (share) => Math.round(latenciesMs[Math.floor(share * (latenciesMs.length - 1))] * 10) / 10;
  const summary = { sent, perSecond: Math.round(sent / seconds), p50Ms: at(0.5), p99Ms: at(0.99), mostMs: at(1) };
  console.log(JSON.stringify({ ...summary, failed: failures.length, failures: failures.slice(0, 20) }));
  process.exit(0);
});
