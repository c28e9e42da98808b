import { spawnSync } from 'node:child_process';

const HOOKS = new URL('../../../test/standalone/typescript.hooks.mjs', import.meta.url).href;
const LOGGER = new URL('logger.ts', import.meta.url).href;

/** What a logger of a process of its own writes. */
function written(body: string): Record<string, unknown>[] {
  const program = `
    const { createLogger } = await import(${JSON.stringify(LOGGER)});
    const logger = createLogger({ name: 'worker', level: 'info' });
    ${body}
    process.exit(0);`;
  const ended = spawnSync(
    process.execPath,
    ['--no-warnings', '--experimental-transform-types', '--import', HOOKS, '--input-type=module', '--eval', program],
    { encoding: 'utf8', env: { PATH: process.env['PATH'] } },
  );
  expect(ended.stderr).toBe('');
  return ended.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the logger', () => {
  test('writes one JSON line with name, level word, time and fields, also right before an exit', () => {
    const [line, ...more] = written(
      `logger.info({ event: 'sample_stored', ticker: 'btc_usd', slot: 60 }, 'sample stored');`,
    );
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      level: 'info',
      process: 'worker',
      event: 'sample_stored',
      ticker: 'btc_usd',
      slot: 60,
      msg: 'sample stored',
    });
    expect(new Date(String(line?.['time'])).toISOString()).toBe(line?.['time']);
  });

  test('leaves out what is below its level', () => {
    expect(written(`logger.debug('quiet'); logger.warn('loud');`)).toMatchObject([{ msg: 'loud' }]);
  });

  test('hides secrets wherever they stand', () => {
    const lines = written(`
      logger.info({ password: 's3cret' });
      logger.info({ settings: { password: 's3cret', authorization: 's3cret' } });
      logger.info({ authorization: 'Basic s3cret' });
      logger.info({ req: { headers: { authorization: 's3cret', cookie: 's3cret' } } });
      logger.info({ err: Object.assign(new Error('refused'), { options: { password: 's3cret' } }) });
      logger.info({ err: new Error('outer', { cause: Object.assign(new Error('inner'), { connection: { password: 's3cret' } }) }) });`);
    expect(lines).toHaveLength(6);
    expect(JSON.stringify(lines)).not.toContain('s3cret');
    expect(JSON.stringify(lines)).toContain('[hidden]');
  });

  test('hides the password in the error of a queue store that refuses it', () => {
    // The shape of an error of ioredis: it carries the command that failed, here the log-in.
    const lines = written(`
      const refused = Object.assign(new Error('WRONGPASS invalid username-password pair'), { command: { name: 'auth', args: ['tidemark', 's3cret'] } });
      logger.warn({ event: 'queue_unavailable', err: refused }, 'the queue store does not answer');`);
    expect(JSON.stringify(lines)).toContain('WRONGPASS');
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });

  test('tells type, message, code and causes of an error, and what was thrown that is none', () => {
    const lines = written(`
      logger.warn({ err: Object.assign(new TypeError('odd', { cause: new Error('because') }), { code: 'ECONNREFUSED' }) });
      logger.warn({ err: 'a text' });
      logger.warn({ err: undefined }, 'nothing');`);
    expect(lines).toMatchObject([
      { err: { type: 'TypeError', code: 'ECONNREFUSED', stack: expect.stringContaining('because') as string } },
      { err: 'a text' },
      { msg: 'nothing' },
    ]);
  });
});
