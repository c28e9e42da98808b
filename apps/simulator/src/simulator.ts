import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, explainListenError, NestLogger, type Logger } from '@app/observability';
import { CallLog, type CallLimits } from './call-log.js';
import { FaultBoard } from './fault-board.js';
import type { History } from './history-file.js';
import { PriceBook } from './price-book.js';
import { validationPipe } from './problem.js';
import { SimulatorModule } from './simulator.module.js';
import type { Clock } from './source-calls.service.js';

/** How a simulator is made. */
export interface SimulatorOptions {
  readonly seed: string;
  /** Real bars to replay instead of simulated prices, from `readHistoryFile`. */
  readonly history?: History | undefined;
  /** Clock of prices and log, in milliseconds since 1970; the system's without it. */
  readonly now?: Clock | undefined;
  /** How much the log of calls keeps. */
  readonly callLimits?: Partial<CallLimits> | undefined;
  /** Silent without it. */
  readonly logger?: Logger | undefined;
}

/** A simulator, in this process. */
export interface Simulator {
  readonly prices: PriceBook;
  readonly log: CallLog;
  readonly faults: FaultBoard;
  /**
   * Starts to listen. Port 0 lets the system choose one.
   * @returns the address, e.g. `http://127.0.0.1:8003`; the sources are below `/deribit/api/v2` and `/coingecko/api/v3`.
   * @throws Error that names SIMULATOR_PORT when the port is in use.
   */
  listen(port: number, host?: string): Promise<string>;
  /** Cuts every connection, hanging ones too, and ends every fault. */
  close(): Promise<void>;
}

/** A body of 10,000 questions for the truth fits, in bytes. */
const LARGEST_BODY = 4 * 1024 * 1024;

/** Makes a simulator that does not listen yet. */
export async function createSimulator(options: SimulatorOptions): Promise<Simulator> {
  const now = options.now ?? Date.now;
  const prices = new PriceBook(options.seed, options.history);
  const log = new CallLog(options.callLimits);
  const faults = new FaultBoard(now);
  const app = await NestFactory.create<NestFastifyApplication>(
    SimulatorModule.around({ prices, log, faults, now }),
    // CoinGecko answers with and without a slash at the end of the path.
    new FastifyAdapter({
      bodyLimit: LARGEST_BODY,
      forceCloseConnections: true,
      routerOptions: { ignoreTrailingSlash: true },
    }),
    {
      logger: new NestLogger(options.logger ?? createLogger({ name: 'simulator', level: 'silent' })),
      abortOnError: false,
    },
  );
  app.useGlobalPipes(validationPipe());
  return {
    prices,
    log,
    faults,
    listen: async (port, host = '127.0.0.1') => {
      await app.listen(port, host).catch((error: unknown) => {
        throw explainListenError(error, 'SIMULATOR_PORT', port);
      });
      return addressOf(app.getHttpServer().address());
    },
    close: async () => {
      faults.end();
      await app.close();
    },
  };
}

function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('the simulator does not listen on a port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
