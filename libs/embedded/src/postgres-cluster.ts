import { chownSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { startChild } from './child-process.js';
import type { RunAs } from './unprivileged-user.js';

/** What a new cluster is made from. */
export interface NewCluster {
  readonly cluster: string;
  readonly user: RunAs | undefined;
  readonly initdb: string;
  /** The database user that owns everything. */
  readonly owner: string;
  readonly password: string;
}

/** The password goes through a pipe: no file to forget, and no line of `ps` that shows it. */
const INITDB = 'printf "%s\\n" "$NEW_PASSWORD" | "$@" --pwfile=/dev/stdin';

/** The built-in locale sorts by code point and is the same on every system, whatever locales it has installed. */
const LOCALE = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];

/**
 * Makes a cluster unless there is one: beside its place, then moved there, so that a launcher killed on the way leaves
 * nothing that looks whole.
 * @throws Error with the last words of initdb.
 */
export async function createCluster({ cluster, user, initdb, owner, password }: NewCluster): Promise<void> {
  if (existsSync(cluster)) return;
  const draft = `${cluster}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  if (user !== undefined) chownSync(draft, user.uid, user.gid);
  const child = await startChild({
    name: 'initdb',
    command: '/bin/sh',
    arguments: ['-c', INITDB, 'initdb', initdb, '-D', draft, '-U', owner, '--auth=scram-sha-256', ...LOCALE],
    environment: { LC_ALL: 'C', TZ: 'UTC', NEW_PASSWORD: password },
    // A folder that every user may enter.
    workingFolder: '/',
    user,
  });
  const { status } = await child.ended;
  await child.stop(0);
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(`initdb could not make a database in ${cluster}: ${child.lastLines().slice(-5).join(' | ')}`);
  }
  renameSync(draft, cluster);
}
