import { createLogBook } from '../../../../test/support/log-lines.js';
import { NestLogger } from './nest-logger.js';

describe("Nest's messages", () => {
  test('are taken: chatter is left out, errors stay errors with their stack', () => {
    const log = createLogBook();
    const nest = new NestLogger(log.logger);
    nest.log('Nest application successfully started', 'NestApplication');
    nest.debug('detail');
    nest.verbose('detail');
    nest.warn('odd', 'Router');
    nest.error('broken', 'Error: broken\n    at somewhere', 'ExceptionsHandler');
    nest.error('plain', 'ExceptionsHandler');
    // 10: trace, 20: debug, 40: warn, 50: error.
    expect(log.lines).toMatchObject([
      { level: 20, context: 'NestApplication' },
      { level: 10, msg: 'detail' },
      { level: 10, msg: 'detail' },
      { level: 40, msg: 'odd', context: 'Router' },
      { level: 50, msg: 'broken', context: 'ExceptionsHandler', stack: 'Error: broken\n    at somewhere' },
      { level: 50, msg: 'plain', context: 'ExceptionsHandler' },
    ]);
  });
});
