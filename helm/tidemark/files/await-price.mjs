// Run by `helm test`: waits until the API hands out a price at ADDRESS, and says what it answers while it does not.
const endMs = Date.now() + Number(process.env.WAIT_SECONDS) * 1000;
const address = process.env.ADDRESS;
let said;
for (;;) {
  const found = await look();
  if (found.price !== undefined) {
    console.log(`${address}: ${JSON.stringify(found.price)}`);
    process.exit(0);
  }
  if (found.reason !== said) console.log(`no price yet: ${found.reason}`);
  said = found.reason;
  if (Date.now() > endMs) {
    console.error(`${address}: no price within ${process.env.WAIT_SECONDS} s`);
    process.exit(1);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
}

async function look() {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(5000) });
    const text = await response.text();
    if (response.status !== 200) return { reason: `status ${response.status}: ${text.slice(0, 500)}` };
    const [price] = JSON.parse(text).data;
    return /^\d+(\.\d+)?$/.test(price?.price)
      ? { price }
      : { reason: `status 200 without a price: ${text.slice(0, 500)}` };
  } catch (error) {
    return { reason: `${error.message}${error.cause === undefined ? '' : `: ${error.cause.message}`}` };
  }
}
