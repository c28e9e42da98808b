import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** The user that a child runs as when the launcher runs as root. */
export interface RunAs {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Who may own the database when root starts it, best first. */
const CANDIDATES = ['postgres', 'nobody'];

/**
 * Folders that every user may enter, best first. /var/lib is where systems keep data; /var/tmp survives a restart too, but
 * some systems sweep files away that were not touched for a month.
 */
const PUBLIC_FOLDERS = ['/var/lib', '/var/tmp'];

/** Whether this process runs as root, which Postgres refuses to. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The user that owns the database instead of root.
 * @throws Error with one sentence and the cure when there is none, or this process may not become that user.
 */
export function unprivilegedUser(candidates: readonly string[] = CANDIDATES): RunAs {
  for (const name of candidates) {
    const uid = userNumber('-u', name);
    const gid = userNumber('-g', name);
    if (uid === undefined || gid === undefined || uid === 0) continue;
    const user = { name, uid, gid };
    if (canReach(user, '/')) return user;
  }
  throw new Error(
    `Postgres does not run as root, and root cannot become ${candidates.join(' or ')} here: start Tidemark as an ordinary user.`,
  );
}

/** Whether a user can enter a folder, by trying it: this respects access lists and every folder above. */
export function canReach({ uid, gid }: RunAs, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { uid, gid, cwd: '/', env: {} }).status === 0;
}

/**
 * A folder in which root can make one for the given user.
 * @throws Error with the cure when there is none.
 */
export function publicFolder(user: RunAs): string {
  const found = PUBLIC_FOLDERS.find((folder) => canReach(user, folder));
  if (found !== undefined) return found;
  throw new Error(
    `User ${user.name} can enter neither ${PUBLIC_FOLDERS.join(' nor ')}: start Tidemark as an ordinary user.`,
  );
}

/** The user that a folder belongs to. */
export function ownerOf(folder: string): RunAs {
  const { uid, gid } = statSync(folder);
  return { name: String(uid), uid, gid };
}

function userNumber(option: '-u' | '-g', name: string): number | undefined {
  try {
    return Number(execFileSync('id', [option, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}
