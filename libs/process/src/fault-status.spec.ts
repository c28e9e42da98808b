import { foreseenStatus, isLasting } from './fault-status.js';

/** An error that asks for a status, because of another. */
function asking(exitStatus: number, cause?: unknown): Error {
  return Object.assign(new Error('A is not usable', { cause }), { exitStatus });
}

function ofFile(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'open', path: '/a' });
}

describe('the status of a fault', () => {
  it.each(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'EROFS', 'EPERM', 'EEXIST'])('is 2 for a file with %s', (code) => {
    expect(foreseenStatus(asking(2, ofFile(code)))).toBe(2);
  });

  it.each(['ENOSPC', 'EMFILE', 'EIO', 'ESTALE'])('is 1 for a file with %s, which passes', (code) => {
    expect(foreseenStatus(asking(2, ofFile(code)))).toBe(1);
    expect(isLasting(asking(2, ofFile(code)))).toBe(false);
  });

  it('is 1 for several files only when each passes', () => {
    expect(foreseenStatus(asking(2, new AggregateError([ofFile('EIO'), ofFile('EMFILE')])))).toBe(1);
    expect(foreseenStatus(asking(2, new AggregateError([ofFile('EIO'), ofFile('ENOENT')])))).toBe(2);
  });

  it('is what the error asks for where its cause is none of the file system', () => {
    const ofAddress = Object.assign(new Error('in use'), { code: 'EADDRINUSE', syscall: 'listen', address: '::' });
    const ofDatabase = Object.assign(new Error('denied'), { code: '42501' });
    for (const cause of [undefined, ofAddress, ofDatabase, new Error('odd')]) {
      expect(foreseenStatus(asking(2, cause))).toBe(2);
      expect(foreseenStatus(asking(1, cause))).toBe(1);
    }
    expect(foreseenStatus(ofFile('EIO'))).toBeUndefined();
  });
});
