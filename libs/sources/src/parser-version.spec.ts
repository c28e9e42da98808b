import { parserVersionOf } from './parser-version.js';
import { SOURCES } from './registry.js';

describe('the version of a parser', () => {
  it('is short, and the same whenever it is asked for', () => {
    for (const { name } of SOURCES) {
      expect(parserVersionOf(name)).toMatch(/^[0-9a-f]{12}$/);
      expect(parserVersionOf(name)).toBe(parserVersionOf(name));
    }
  });

  it('is another one for every source, since each has a file of its own', () => {
    const versions = SOURCES.map(({ name }) => parserVersionOf(name));
    expect(new Set(versions).size).toBe(SOURCES.length);
  });

  it('stands for all files when a source shares its own with others', () => {
    expect(parserVersionOf('some-exchange')).toBe(parserVersionOf('another-exchange'));
    expect(parserVersionOf('some-exchange')).not.toBe(parserVersionOf('deribit'));
  });
});
