import { loadVerifySettings } from './verify-settings.js';

describe('the settings of verify', () => {
  it('name no database when the environment names none', () => {
    expect(loadVerifySettings({})).toEqual({ databaseUrl: undefined, home: '.tidemark', mode: undefined });
  });

  it('take DATABASE_URL', () => {
    expect(loadVerifySettings({ DATABASE_URL: 'postgres://db/tidemark' }).databaseUrl).toBe('postgres://db/tidemark');
  });

  it('make an address of the POSTGRES_* variables as soon as one of them is set', () => {
    expect(loadVerifySettings({ POSTGRES_HOST: 'db' }).databaseUrl).toBe('postgres://tidemark@db:5432/tidemark');
  });

  it('take an empty variable for one that is not set', () => {
    expect(loadVerifySettings({ DATABASE_URL: '', POSTGRES_HOST: '' }).databaseUrl).toBeUndefined();
  });

  it('report everything that is wrong at once', () => {
    const wrong = { DATABASE_URL: 'postgres://h/d?sslmode=allow', TIDEMARK_MODE: 'demo', SIMULATOR_URL: 'nowhere' };
    expect(() => loadVerifySettings(wrong)).toThrow(
      /DATABASE_URL: sslmode=allow[^]*SIMULATOR_URL: [^]*TIDEMARK_MODE: /,
    );
  });

  it('refuse a mode that does not exist', () => {
    expect(() => loadVerifySettings({ TIDEMARK_MODE: 'demo' })).toThrow(/TIDEMARK_MODE: must be live or simulated/);
  });
});
