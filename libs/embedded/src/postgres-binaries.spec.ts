import { thisMachine, whyUnsupported } from './postgres-binaries.js';

describe('the programs of Postgres', () => {
  it('run on this machine, or say why not', () => {
    const machine = thisMachine();
    if (machine.platform === 'linux' && machine.glibc !== undefined) expect(whyUnsupported(machine)).toBeUndefined();
  });

  it.each([
    ['another C library', { platform: 'linux', architecture: 'x64', glibc: undefined }, 'GNU C library'],
    ['another processor', { platform: 'linux', architecture: 's390x', glibc: '2.36' }, 'linux on s390x'],
    ['another system', { platform: 'win32', architecture: 'x64', glibc: undefined }, 'win32 on x64'],
  ])('refuse %s in one sentence with the cure', (_, machine, word) => {
    const sentence = whyUnsupported(machine) ?? '';
    expect(sentence).toContain(word);
    expect(sentence).toMatch(/: use .*DATABASE_URL.*docs\/quick-start\.md/);
    expect(sentence.match(/\.( |$)/g)).toHaveLength(1);
  });

  it('run on a Mac, which has no glibc', () => {
    expect(whyUnsupported({ platform: 'darwin', architecture: 'arm64', glibc: undefined })).toBeUndefined();
  });
});
