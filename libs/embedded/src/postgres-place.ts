import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keepText, keptText } from './kept-file.js';
import { canReach, isRoot, ownerOf, publicFolder, unprivilegedUser, type RunAs } from './unprivileged-user.js';

/** Where a database lives and whose it is. */
export interface PostgresPlace {
  /** Holds the cluster, its password, its port and who runs it. */
  readonly folder: string;
  /** The data folder of Postgres itself. */
  readonly cluster: string;
  /** Runs Postgres; undefined when the launcher's own user does. */
  readonly user: RunAs | undefined;
  /** Set when the database could not live in the data folder that was asked for. */
  readonly movedFrom: string | undefined;
}

/** In the data folder, when its database lives elsewhere: the path of that place. */
const POINTER = 'moved-to.txt';

/** In that place: the path of the data folder, for whoever finds it and asks whose it is. */
const ORIGIN = 'made-for.txt';

/**
 * Finds the place of a data folder's database, or prepares one. An ordinary user's database lives in the data folder. Root
 * gives it to an unprivileged user; when that user cannot reach the data folder, the database lives in a folder that it can
 * reach, and a pointer in the data folder says where.
 * @throws Error with one sentence and the cure when there is no such place.
 */
export function preparePlace(dataFolder: string, warn: (message: string) => void = () => undefined): PostgresPlace {
  mkdirSync(dataFolder, { recursive: true });
  const path = realpathSync(dataFolder);
  const pointer = join(path, POINTER);
  const known = existingPlace(path);
  if (known !== undefined) return known;
  const lost = keptText(pointer);
  if (lost !== undefined) {
    warn(`WARNING: ${lost}, where the database of ${path} was kept, is gone; a new one is made.`);
    rmSync(pointer);
  }
  if (!isRoot()) return { folder: path, cluster: join(path, 'cluster'), user: undefined, movedFrom: undefined };

  const user = unprivilegedUser();
  chmodSync(path, 0o711);
  if (canReach(user, path)) return { folder: path, cluster: join(path, 'cluster'), user, movedFrom: undefined };
  const folder = newFolder(path, user);
  keepText(join(folder, ORIGIN), `${path}\n`);
  keepText(pointer, `${folder}\n`);
  return { folder, cluster: join(folder, 'cluster'), user, movedFrom: path };
}

/**
 * The place of a database that was made before; undefined when there is none.
 * @throws Error when it belongs to somebody else, or its user can no longer reach it.
 */
export function existingPlace(dataFolder: string): PostgresPlace | undefined {
  const pointedTo = keptText(join(dataFolder, POINTER));
  const folder = pointedTo ?? dataFolder;
  const cluster = join(folder, 'cluster');
  if (!existsSync(folder) || (pointedTo === undefined && !existsSync(cluster))) return undefined;
  const owner = ownerOf(existsSync(cluster) ? cluster : folder);
  const movedFrom = pointedTo === undefined ? undefined : dataFolder;
  if (!isRoot()) {
    if (owner.uid === process.getuid?.()) return { folder, cluster, user: undefined, movedFrom };
    throw new Error(
      `The database in ${folder} belongs to user ${owner.uid}: start Tidemark as the user that made it, or set TIDEMARK_HOME to another folder.`,
    );
  }
  if (owner.uid === 0) return { folder, cluster, user: givenAway(cluster), movedFrom };
  if (!canReach(owner, folder)) {
    throw new Error(
      `The database in ${folder} belongs to user ${owner.uid}, who can no longer enter that folder: move it back to where it was.`,
    );
  }
  return { folder, cluster, user: owner, movedFrom };
}

/** Gives a cluster that root owns, say after `cp -r`, to the user that may run it. */
function givenAway(cluster: string): RunAs {
  const user = unprivilegedUser();
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, cluster]);
  chmodSync(cluster, 0o700);
  return user;
}

/** A folder that nobody used before: an older one of the same name may hold data that somebody still wants. */
function newFolder(path: string, user: RunAs): string {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 12);
  for (let number = 1; ; number += 1) {
    const folder = join(publicFolder(user), `tidemark-${hash}-${number}`);
    if (existsSync(folder)) continue;
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, user.uid, user.gid);
    return folder;
  }
}
