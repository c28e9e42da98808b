import net from 'node:net';
import { Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { freePort } from '../../../../test/support/free-port.mjs';
import { createLogBook, type LogBook } from '../../../../test/support/log-lines.js';
import { eventually } from '../../../../test/support/processes.js';
import { createServer } from './http-server.js';
import { OperationsModule } from './operations.module.js';
import { plainProblem } from './problem.js';
import { serveProcess, type ServedProcess } from './serve-process.js';

const PROBLEMS = { notFound: plainProblem(404, 'Nothing.'), fault: plainProblem(500, 'A fault.') };

/** A process on stores that do what a test says. */
class Stage {
  readonly log: LogBook = createLogBook();
  /** What happened, in order. */
  readonly steps: string[] = [];
  question: Promise<unknown> = Promise.resolve();
  notYet: string | undefined;
  unfit: string | undefined;
  queueFault: string | undefined;
  finishes: Promise<unknown> = Promise.resolve();
  serverCloses: Promise<unknown> = Promise.resolve();
  disconnects: Promise<unknown> = Promise.resolve();
  /** What making it fails with. */
  makeFault: Error | undefined;
  clockOffMs = 0;
  /** What the database's clock fails with. */
  clockFault: Error | undefined;
  port = 0;

  async start(): Promise<ServedProcess> {
    this.port ||= await freePort();
    const { steps } = this;
    const inHand: BeforeApplicationShutdown = {
      beforeApplicationShutdown: async () => {
        await this.finishes;
        steps.push('finished');
      },
    };
    return serveProcess({
      logger: this.log.logger,
      address: { host: '127.0.0.1', port: this.port, portVariable: 'SOME_PORT' },
      database: {
        whyUnfit: async () => this.unfit,
        nowMs: async () => {
          if (this.clockFault !== undefined) throw this.clockFault;
          return Date.now() - this.clockOffMs;
        },
        close: async () => steps.push('database closed'),
      },
      whyNotYet: async () => {
        await this.question;
        return this.notYet;
      },
      checks: [{ name: 'the queue', ask: async () => this.queueFault, close: async () => steps.push('queue closed') }],
      make: async ({ clock, readiness }) => {
        if (this.makeFault !== undefined) throw this.makeFault;
        steps.push(`made, ${clock.isTrue() ? 'the clock true' : 'the clock wrong'}`);
        @Module({
          imports: [OperationsModule.forRoot({ clock, readiness: () => readiness.reasons() })],
          providers: [{ provide: 'in hand', useValue: inHand }],
        })
        class SomeModule {}
        const app = await createServer({ module: SomeModule }, { logger: this.log.logger, problems: PROBLEMS });
        app
          .getHttpAdapter()
          .getInstance()
          .addHook('onClose', async () => {
            await this.serverCloses;
          });
        const disconnect = async () => {
          await this.disconnects;
          steps.push('disconnected');
        };
        return { app, disconnect };
      },
      onListening: (url) => steps.push(`listening on ${url}`),
      ending: { finishWithinMs: 500, cutShort: 'left to others', disconnectWithinMs: 200 },
    });
  }

  async ask(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`);
    return { status: answer.status, text: await answer.text() };
  }

  /** Asks for readiness until the answer is such. */
  async readyIs(expected: RegExp): Promise<void> {
    await eventually(`/readyz to answer ${String(expected)}`, 20_000, async () => {
      const text = await this.ask('/readyz').then(
        (answer) => `${answer.status} ${answer.text}`,
        () => '',
      );
      return expected.test(text) || undefined;
    });
  }
}

describe('the life of a process', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  it('waits until it may begin and says why, and is made and listens then', async () => {
    stage.notYet = 'run migrate';
    const starting = stage.start();
    await stage.readyIs(/^503 .*run migrate/);
    expect((await stage.ask('/livez')).status).toBe(200);
    expect(stage.steps).toEqual([]);
    stage.notYet = undefined;
    const served = await starting;
    expect(stage.steps).toEqual(['made, the clock true', `listening on http://127.0.0.1:${stage.port}`]);
    expect(served.url).toBe(`http://127.0.0.1:${stage.port}`);
    await stage.readyIs(/^200 /);
    await served.close();
  });

  it('asks and makes nothing when its port is in use, and names the variable', async () => {
    stage.port = await freePort();
    const other = net.createServer();
    await new Promise<void>((resolve) => other.listen(stage.port, '127.0.0.1', resolve));
    Object.defineProperty(stage, 'notYet', { get: () => void stage.steps.push('asked') });
    await expect(stage.start()).rejects.toThrow(
      `SOME_PORT ${stage.port} is in use: end the process that listens there`,
    );
    expect(stage.steps).toEqual([]);
    await new Promise((resolve) => other.close(resolve));
  });

  it('says that it lives while its first question is not answered', async () => {
    const question = Promise.withResolvers<void>();
    stage.question = question.promise;
    const starting = stage.start();
    await stage.readyIs(/^503 .*this process is starting/);
    expect((await stage.ask('/livez')).status).toBe(200);
    question.resolve();
    await (await starting).close();
  });

  it('does not begin when waiting cannot help', async () => {
    const fault = new Error('a database of the other mode');
    Object.defineProperty(stage, 'notYet', {
      get: () => {
        throw fault;
      },
    });
    await expect(stage.start()).rejects.toBe(fault);
    expect(stage.steps.sort()).toEqual(['database closed', 'queue closed']);
  });

  it('waits on when the database goes away before its clock is measured', async () => {
    stage.clockFault = new Error('connect ECONNREFUSED 127.0.0.1:5432');
    const starting = stage.start();
    await stage.readyIs(/^503 .*the database's clock cannot be asked: connect ECONNREFUSED/);
    expect(stage.steps).toEqual([]);
    stage.clockFault = undefined;
    const served = await starting;
    expect(stage.steps[0]).toBe('made, the clock true');
    await served.close();
  });

  it('closes what is open when it cannot be made', async () => {
    stage.makeFault = new Error('a catalogue that does not fit');
    await expect(stage.start()).rejects.toBe(stage.makeFault);
    expect(stage.steps.sort()).toEqual(['database closed', 'queue closed']);
    await expect(stage.ask('/livez')).rejects.toThrow();
  });

  it('is not ready while its clock is wrong', async () => {
    stage.clockOffMs = 60_000;
    const served = await stage.start();
    expect(stage.steps[0]).toBe('made, the clock wrong');
    await stage.readyIs(/^503 .*this machine's clock is 60\d{3} ms off the database's/);
    stage.clockOffMs = 0;
    await stage.readyIs(/^200 /);
    await served.close();
  });

  it('is ready while its database and what it needs besides are', async () => {
    const served = await stage.start();
    await stage.readyIs(/^200 {"status":"ok","reasons":\[\]}/);
    stage.unfit = 'the database is a standby';
    stage.queueFault = 'the queue is full';
    await stage.readyIs(/^503 .*\["the database is a standby","the queue is full"\]/);
    stage.unfit = stage.queueFault = undefined;
    await stage.readyIs(/^200 /);
    expect((await stage.ask('/metrics')).text).toMatch(/^tidemark_clock_offset_seconds -?0/m);
    served.end();
    expect((await stage.ask('/readyz')).text).toContain('this process is ending');
    await served.close();
  });

  it('finishes what is in hand, and closes its connections after that', async () => {
    const served = await stage.start();
    stage.steps.length = 0;
    await Promise.all([served.close(), served.close()]);
    expect(stage.steps.slice(0, 2)).toEqual(['finished', 'disconnected']);
    expect(stage.steps.slice(2).sort()).toEqual(['database closed', 'queue closed']);
    await expect(stage.ask('/livez')).rejects.toThrow();
    expect(stage.log.of('end_cut_short')).toEqual([]);
  });

  it.each([
    ['its server', (at: Stage, failed: Promise<never>) => void (at.serverCloses = failed)],
    ['a connection', (at: Stage, failed: Promise<never>) => void (at.disconnects = failed)],
  ])('closes its stores also when closing %s fails, and fails then', async (_what, arrange) => {
    const served = await stage.start();
    stage.steps.length = 0;
    const failed = Promise.reject<never>(new Error('in vain'));
    failed.catch(() => undefined);
    arrange(stage, failed);
    await expect(served.close()).rejects.toThrow('in vain');
    expect(stage.steps).toEqual(expect.arrayContaining(['database closed', 'queue closed']));
  });

  it('ends in time and says who goes on, whatever hangs', async () => {
    const served = await stage.start();
    const hanging = Promise.withResolvers<void>();
    stage.finishes = hanging.promise;
    stage.disconnects = hanging.promise;
    const begun = performance.now();
    await served.close();
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(stage.log.of('end_cut_short')).toMatchObject([{ msg: 'left to others' }]);
    expect(stage.steps).not.toContain('finished');
    hanging.resolve();
    await served.app.close();
  });
});
