import { isRoot } from '../libs/embedded/src/unprivileged-user.js';
import { startEmbeddedPostgres } from '@app/embedded';
import { chmodSync, existsSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import globalTeardown from './support/global-teardown.mjs';
import { makeHome, movedFrom, removeHome } from './support/private-home.mjs';

async function storesIn(home: string): Promise<void> {
  const postgres = await startEmbeddedPostgres({
    dataFolder: path.join(home, 'demo', 'postgres'),
    settings: { fsync: 'off' },
  });
  await postgres.stop();
}

describe('a home of private stores', () => {
  test('holds the database itself, and leaves nothing', async () => {
    const home = makeHome('private-home');
    await storesIn(home);
    expect(existsSync(path.join(home, 'demo/postgres/cluster/PG_VERSION'))).toBe(true);
    removeHome(home);
    expect(existsSync(home)).toBe(false);
    expect(movedFrom(home)).toEqual([]);
  });

  // Without root, nobody's database is moved.
  (isRoot() ? describe : describe.skip)('that the user of Postgres may not enter', () => {
    test('is removed with the database that was moved', async () => {
      const home = makeHome('private-home');
      chmodSync(home, 0o700);
      await storesIn(home);
      const [place = '', ...more] = movedFrom(home);
      expect(more).toEqual([]);
      expect(existsSync(path.join(place, 'cluster/PG_VERSION'))).toBe(true);
      removeHome(home);
      expect(existsSync(place)).toBe(false);
    });

    test('is named at the end of the run when a test leaves its database behind', async () => {
      const run = mkdtempSync(path.join(os.tmpdir(), 'tidemark-run-'));
      chmodSync(run, 0o755);
      const home = mkdtempSync(path.join(run, 'tidemark-some-spec-'));
      await storesIn(home);
      const places = movedFrom(run);
      expect(places).toHaveLength(1);
      Object.assign(globalThis, { __TIDEMARK_TEST_SERVERS__: { stops: [], folder: run } });
      await expect(globalTeardown()).rejects.toThrow(`${places[0]} of ${home}/demo/postgres`);
      expect([run, ...places].filter(existsSync)).toEqual([]);
      // A run that left nothing passes.
      const clean = mkdtempSync(path.join(os.tmpdir(), 'tidemark-run-'));
      Object.assign(globalThis, { __TIDEMARK_TEST_SERVERS__: { stops: [], folder: clean } });
      await globalTeardown();
      expect(existsSync(clean)).toBe(false);
    });
  });
});
