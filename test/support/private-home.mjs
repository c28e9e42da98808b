// Homes of private stores, for tests and for runs of the tools. Under root, Postgres runs as a user that may not enter a folder of mkdtemp:
// its data would go to a folder of its own in /var/lib, 50 to 95 MB, and stay there when the home is removed.
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where databases are moved to that cannot live in their home, and how they are called there: see libs/embedded/src/postgres-place.ts. */
const PLACES = ['/var/lib', '/var/tmp'];
const PLACE_NAME = /^tidemark-[0-9a-f]{12}-\d+$/;

/** Makes an empty home `tidemark-<name>-...` in the folder for temporary files, which the user of Postgres may enter. */
export function makeHome(name) {
  const home = mkdtempSync(path.join(os.tmpdir(), `tidemark-${name}-`));
  chmodSync(home, 0o711);
  return home;
}

/** Removes a home, and the databases that were moved out of it. */
export function removeHome(home) {
  for (const place of movedFrom(home)) rmSync(place, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
}

/** Folders of databases that were moved out of a folder or of one below it; the folder itself need not be there any more. */
export function movedFrom(folder) {
  const real = existsSync(folder) ? realpathSync(folder) : folder;
  return PLACES.filter(existsSync)
    .flatMap((place) =>
      readdirSync(place)
        .filter((name) => PLACE_NAME.test(name))
        .map((name) => path.join(place, name)),
    )
    .filter((place) => isBelow(madeFor(place), real));
}

/** The data folder that a moved database belongs to; undefined for one of a build that did not say so. */
export function madeFor(place) {
  try {
    return readFileSync(path.join(place, 'made-for.txt'), 'utf8').trim();
  } catch {
    return undefined; // Not said, or removed in this moment.
  }
}

function isBelow(inner, outer) {
  return inner !== undefined && (inner === outer || inner.startsWith(`${outer}${path.sep}`));
}
