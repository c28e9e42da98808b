export default async function globalTeardown() {
  for (const stop of globalThis.__TIDEMARK_TEST_SERVERS__?.stops.reverse() ?? []) await stop();
}
