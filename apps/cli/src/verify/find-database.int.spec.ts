import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome, removeHome } from '../../../../test/support/private-home.mjs';
import pg from 'pg';
import { postgresFolder, startEmbeddedPostgres } from '@app/embedded';
import { findDatabase, NoDatabaseError, type FoundDatabase } from './find-database.js';

const settings = (home: string, mode?: 'live' | 'simulated') => ({ databaseUrl: undefined, home, mode });

describe('findDatabase', () => {
  let home: string;
  beforeEach(() => {
    home = makeHome('find-database');
  });
  afterEach(() => removeHome(home));

  it('takes the database that is named, and shows no password', async () => {
    const found = await findDatabase({ ...settings(home), databaseUrl: 'postgres://me:secret@db:5432/tidemark' });
    expect(found.url).toBe('postgres://me:secret@db:5432/tidemark');
    expect(found.description).toBe('postgres://me:***@db:5432/tidemark');
  });

  it('says where it looked when there is none', async () => {
    mkdirSync(join(home, 'demo'), { recursive: true });
    await expect(findDatabase(settings(home))).rejects.toThrow(NoDatabaseError);
    await expect(findDatabase(settings(home))).rejects.toThrow(new RegExp(`${home}/demo and ${home}/live hold none`));
  });

  it('uses an embedded one that runs, starts one that does not, and leaves each as it was', async () => {
    const dataFolder = postgresFolder(join(home, 'demo'));
    const running = await startEmbeddedPostgres({ dataFolder, settings: { fsync: 'off' } });
    const used = await findDatabase(settings(home));
    expect(used.url).toBe(running.url);
    expect(used.description).toMatch(/demo, which is running$/);
    await used.release();
    expect(running.child.end()).toBeUndefined();
    await expect(findDatabase(settings(home, 'live'))).rejects.toThrow(/live holds none/);
    await running.stop();

    const started = await findDatabase(settings(home));
    expect(started.description).toMatch(/demo, started for this check$/);
    const client = new pg.Client({ connectionString: started.url });
    await client.connect();
    await client.end();
    await started.release();
    await expect(new pg.Client({ connectionString: started.url }).connect()).rejects.toThrow(/ECONNREFUSED/);
  });

  it('takes a live one that runs before a demo that does not', async () => {
    const [demo, live] = ['demo', 'live'].map((mode) => postgresFolder(join(home, mode)));
    const start = (dataFolder = '') => startEmbeddedPostgres({ dataFolder, settings: { fsync: 'off' } });
    await (await start(demo)).stop();
    const running = await start(live);
    try {
      expect((await findDatabase(settings(home))).description).toMatch(/live, which is running$/);
      expect((await findDatabase(settings(home, 'simulated')).then(releasedAtOnce)).description).toMatch(
        /demo, started/,
      );
    } finally {
      await running.stop();
    }
  });

  it('waits for another command that has started it, and no longer than that', async () => {
    const dataFolder = postgresFolder(join(home, 'demo'));
    await (await startEmbeddedPostgres({ dataFolder, settings: { fsync: 'off' } })).stop();
    const first = await findDatabase(settings(home));
    await expect(findDatabase(settings(home), { waitMs: 0 })).rejects.toThrow(
      'Another tidemark command is asking; try again.',
    );
    const interrupted = findDatabase(settings(home), { signal: AbortSignal.timeout(50) });
    await expect(interrupted).rejects.toThrow(/aborted/);
    const second = findDatabase(settings(home));
    await first.release();
    const { url, description } = await second.then(releasedAtOnce);
    expect(description).toMatch(/started for this check$/);
    expect(url).toMatch(/^postgres:/);
  });
});

/** What was found, after what was started for it has ended. */
async function releasedAtOnce(found: FoundDatabase): Promise<FoundDatabase> {
  await found.release();
  return found;
}
