import { loadSettings } from './load-settings.js';
import { callSettings, keepsSourceLimits, schedulerSettings } from './settings.js';

describe('whether the limits of sources are kept', () => {
  it.each([
    ['live', undefined, true],
    ['live', 'published', true],
    ['live', 'off', false],
    ['simulated', undefined, false],
    ['simulated', 'published', true],
    ['simulated', 'off', false],
  ] as const)('in mode %s with SOURCE_LIMITS %s: %s', (TIDEMARK_MODE, SOURCE_LIMITS, kept) => {
    expect(keepsSourceLimits({ TIDEMARK_MODE, SOURCE_LIMITS })).toBe(kept);
  });

  it('is a fault when it is something else', () => {
    expect(() => loadSettings(callSettings, { SOURCE_LIMITS: 'half' })).toThrow(
      'SOURCE_LIMITS: must be published or off',
    );
  });
});

describe('the folder of snapshots', () => {
  it.each([
    [{}, undefined],
    [{ SNAPSHOT_DIR: '', DATA_DIR: '' }, undefined],
    [{ DATA_DIR: '/older' }, '/older'],
    [{ SNAPSHOT_DIR: '/newer', DATA_DIR: '/older' }, '/newer'],
  ])('is by %j: %s', (environment, folder) => {
    expect(loadSettings(schedulerSettings, environment).SNAPSHOT_DIR).toBe(folder);
  });
});
