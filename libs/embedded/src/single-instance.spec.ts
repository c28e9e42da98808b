import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from '../../../test/standalone/typescript-program.js';
import { AlreadyRunningError, lockFolder } from './single-instance.js';

const parent = mkdtempSync(join(tmpdir(), 'tidemark-lock-'));
afterAll(() => rmSync(parent, { recursive: true }));

// Linux takes a socket without a file; every other system takes one with a file, which a dead holder leaves behind.
describe.each(process.platform === 'linux' ? ['linux', 'another system'] : [process.platform])(
  'the lock on %s',
  (platform) => {
    const folder = (): string => mkdtempSync(join(parent, 'folder-'));

    it('is refused while another holds it, by whatever path the folder is named', async () => {
      const held = folder();
      const lock = await lockFolder(held, { platform });
      const link = `${held}-link`;
      symlinkSync(held, link);
      await expect(lockFolder(link, { platform })).rejects.toThrow(AlreadyRunningError);
      await expect(lockFolder(held, { platform })).rejects.toThrow(`already runs on ${held} (process ${process.pid})`);
      await lock.release();
      await (await lockFolder(held, { platform })).release();
    });

    it('says whether a launcher holds it or a command, which will end', async () => {
      for (const holder of ['launcher', 'command'] as const) {
        const held = folder();
        const lock = await lockFolder(held, { platform, holder });
        await expect(lockFolder(held, { platform })).rejects.toMatchObject({ holder });
        await lock.release();
      }
    });

    it('does not keep another folder', async () => {
      const locks = [await lockFolder(folder(), { platform }), await lockFolder(folder(), { platform })];
      for (const lock of locks) await lock.release();
    });

    it('is free again after its holder was killed by kill -9', async () => {
      const held = folder();
      const holder = startProgram('hold-lock.ts', [held, platform]);
      await holder.line(/held/);
      await expect(lockFolder(held, { platform })).rejects.toThrow(`process ${holder.process.pid}`);
      holder.process.kill('SIGKILL');
      await holder.ended;
      await (await lockFolder(held, { platform })).release();
    });
  },
);
