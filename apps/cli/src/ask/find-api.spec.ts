import { asksThisMachine } from './find-api.js';

const DATABASE_URL = 'postgres://me@db/tidemark';

describe('the API of this machine', () => {
  it.each<[NodeJS.ProcessEnv, boolean]>([
    [{}, true],
    [{ TIDEMARK_HOME: '/var/tidemark', DATABASE_URL: '' }, true],
    [{ DATABASE_URL }, false],
    [{ POSTGRES_HOST: 'db' }, false],
    [{ API_DATABASE_URL: DATABASE_URL }, false],
    [{ TIDEMARK_MODE: 'live' }, false],
    [{ DATABASE_URL, API_PORT: '8000' }, true],
    [{ TIDEMARK_MODE: 'live', PORT: '8000' }, true],
  ])('is asked with %j: %s', (environment, isAsked) => {
    expect(asksThisMachine(environment)).toBe(isAsked);
  });
});
