import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from './load-settings.js';
import { configuredSources, sourceSettingsOf } from './source-settings.js';

const KEYED = { name: 'keyed-source', title: 'Keyed', plans: [{ name: 'paid', keyHeader: () => [] }] };
const BOTH = { name: 'both', title: 'Both', plans: [{ name: 'free' }, { name: 'pro', keyHeader: () => [] }] };
const OPEN = { name: 'open', title: 'Open', plans: [{ name: 'free' }] };
const SOURCES = [KEYED, BOTH, OPEN];

describe('the settings of sources', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function read(environment: NodeJS.ProcessEnv): Record<string, unknown> {
    return loadSettings(sourceSettingsOf(SOURCES), environment);
  }

  it('follow from what a source needs: an address, a key where it takes one, a plan where there is a choice', () => {
    expect(Object.keys(sourceSettingsOf(SOURCES))).toEqual([
      'KEYED_SOURCE_URL',
      'KEYED_SOURCE_API_KEY',
      'BOTH_URL',
      'BOTH_API_KEY',
      'BOTH_PLAN',
      'OPEN_URL',
    ]);
  });

  it('are handed to each source under its name', () => {
    const settings = read({ BOTH_API_KEY: 'k', BOTH_PLAN: 'pro', OPEN_URL: 'http://mirror', OTHER: 'x' });
    expect(configuredSources(settings, SOURCES)).toEqual({
      'keyed-source': { baseUrl: undefined, apiKey: undefined, plan: undefined },
      both: { baseUrl: undefined, apiKey: 'k', plan: 'pro' },
      open: { baseUrl: 'http://mirror', apiKey: undefined, plan: undefined },
    });
  });

  it('take a key from a mounted file, without the line end after it', () => {
    writeFileSync(join(folder, 'key'), 'a key\n');
    expect(read({ BOTH_API_KEY_FILE: join(folder, 'key') })).toMatchObject({ BOTH_API_KEY: 'a key' });
  });

  it('tell every fault at once, and no key', () => {
    const wrong = {
      BOTH_PLAN: 'gold',
      OPEN_URL: 'ftp://x',
      BOTH_API_KEY: 'secret',
      BOTH_API_KEY_FILE: join(folder, 'key'),
    };
    expect(() => read(wrong)).toThrow(
      expect.objectContaining({
        faults: [
          'BOTH_API_KEY_FILE: BOTH_API_KEY is set too; set only one of them',
          'BOTH_PLAN: must be one of free, pro',
          'OPEN_URL: must be an address that begins with http:// or https://',
        ],
      }) as Error,
    );
    expect(() => read({ KEYED_SOURCE_API_KEY_FILE: join(folder, 'none') })).toThrow(
      /KEYED_SOURCE_API_KEY_FILE: the file cannot be read \(ENOENT\)/,
    );
  });
});
