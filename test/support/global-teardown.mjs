import { realpathSync, rmSync } from 'node:fs';
import { madeFor, movedFrom } from './private-home.mjs';

export default async function globalTeardown() {
  const running = globalThis.__TIDEMARK_TEST_SERVERS__;
  for (const stop of running?.stops.reverse() ?? []) await stop();
  if (running?.folder !== undefined) removeRunFolder(realpathSync(running.folder));
}

/** @throws Error when a test left the database of a private store behind: it names the home, which is called after its spec. */
function removeRunFolder(folder) {
  const left = movedFrom(folder).map((place) => ({ place, home: madeFor(place) }));
  for (const { place } of left) rmSync(place, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  if (left.length === 0) return;
  const named = left.map(({ place, home }) => `${place} of ${home}`).join(', ');
  throw new Error(
    `Tests left databases behind: ${named}. Make homes by makeHome and remove them by removeHome of test/support.`,
  );
}
