// Runs in a pod: asks each of WATCHED (name=address, separated by blanks) five times a second until its input ends, and prints a JSON
// line whenever the status of one changes.
const watched = process.env.WATCHED.split(' ').map((entry) => {
  const at = entry.indexOf('=');
  return { name: entry.slice(0, at), address: entry.slice(at + 1), status: undefined };
});

async function look(one) {
  let status;
  let body = '';
  try {
    const answer = await fetch(one.address, { signal: AbortSignal.timeout(3_000), headers: { connection: 'close' } });
    status = answer.status;
    body = await answer.text();
  } catch (error) {
    status = `${error.name}: ${error.cause?.code ?? error.message}`;
  }
  if (status === one.status) return;
  one.status = status;
  console.log(JSON.stringify({ at: Date.now(), name: one.name, status, body: body.slice(0, 300) }));
}

async function watch(one) {
  for (;;) {
    await look(one);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

for (const one of watched) void watch(one);
process.stdin.resume().on('end', () => process.exit(0));
