import { createLogBook, type LogBook } from '../../../test/support/log-lines.js';
import { PROCESS_FINDINGS } from './readiness-findings.js';
import { waitUntilReady } from './wait-until-ready.js';

describe('waiting until a process may begin', () => {
  let log: LogBook;
  let heard: string[];

  beforeEach(() => {
    log = createLogBook();
    heard = [];
  });

  /** Waits with a check that answers this, one after the other. */
  function wait(...answers: (string | Error | undefined)[]): Promise<void> {
    const check = async (): Promise<string | undefined> => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    };
    return waitUntilReady({ logger: log.logger, port: { waitFor: (reason) => void heard.push(reason) }, check });
  }

  it('begins at once when nothing is in the way', async () => {
    await wait(undefined);
    expect(heard).toEqual([PROCESS_FINDINGS.starting()]);
    expect(log.lines).toEqual([]);
  });

  it('says the reason of now on the port, and each once in the log', async () => {
    await wait('no database', 'no database', 'run migrate', undefined);
    expect(heard).toEqual(['no database', 'no database', 'run migrate', PROCESS_FINDINGS.starting()]);
    expect(log.of('waiting').map((line) => line['reason'])).toEqual(['no database', 'run migrate']);
  });

  it('ends with what the check throws, the first time and later', async () => {
    const fault = new Error('a database of the other mode');
    await expect(wait(fault)).rejects.toBe(fault);
    await expect(wait('not yet', fault)).rejects.toBe(fault);
  });
});
