import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { listenOn, NestLogger } from '@app/process/server';
import { createLogger, type Logger } from '@app/observability';
import { CallLog, type CallLimits } from './calls/call-log.js';
import { CallRates } from './calls/call-rates.js';
import type { Clock } from './calls/source-calls.service.js';
import { FaultStore } from './faults/fault-store.js';
import type { History } from './market/history-file.js';
import { MarketEvents } from './market/market-event.js';
import { PriceBook } from './market/price-book.js';
import { validationPipe } from './problem.js';
import { SimulatorModule } from './simulator.module.js';
import { styleOf } from './sources/registry.js';

/** How a simulator is made. */
export interface SimulatorOptions {
  readonly seed: string;
  /** Real bars to replay instead of simulated prices, from `readHistoryFile`. */
  readonly history?: History | undefined;
  /** Clock of prices and log, in milliseconds since 1970; the system's without it. */
  readonly now?: Clock | undefined;
  /** How many made-up assets (`sim0001`, ...) every source has besides the real ones; none without it. */
  readonly syntheticCount?: number | undefined;
  /** How many of a hundred calls for a page of CoinGecko's list of assets are answered 429, in the first week; none without it. */
  readonly listRefusalsPercent?: number | undefined;
  /** How much the log of calls keeps. */
  readonly callLimits?: Partial<CallLimits> | undefined;
  /** Silent without it. */
  readonly logger?: Logger | undefined;
}

/** A simulator, in this process. */
export interface Simulator {
  readonly prices: PriceBook;
  readonly log: CallLog;
  readonly rates: CallRates;
  readonly faults: FaultStore;
  readonly events: MarketEvents;
  /**
   * Starts to listen. Port 0 lets the system choose one.
   * @returns the address, e.g. `http://127.0.0.1:8003`; each source is below its name, with the path of its
   *   real base address: `/deribit/api/v2`, `/coingecko/api/v3`, `/coinpaprika/v1`, `/coincap/v3`, `/binance`, `/coinbase`,
   *   `/kraken`, `/bitstamp`.
   * @throws Error that names SIMULATOR_PORT when the port is in use.
   */
  listen(port: number, host?: string): Promise<string>;
  /** Cuts every connection, hanging ones too, and ends every fault. */
  close(): Promise<void>;
}

/** A body of 10,000 questions for expected prices fits, in bytes. */
const LARGEST_BODY = 4 * 1024 * 1024;

/** A thousand symbols in one address fit, in bytes. */
const LARGEST_HEAD = 256 * 1024;

/** Makes a simulator that does not listen yet. */
export async function createSimulator(options: SimulatorOptions): Promise<Simulator> {
  const now = options.now ?? Date.now;
  const events = new MarketEvents(now);
  const prices = new PriceBook({ seed: options.seed, history: options.history, styleOf, events });
  const log = new CallLog(options.callLimits);
  const rates = new CallRates();
  const faults = new FaultStore(now);
  const syntheticCount = options.syntheticCount ?? 0;
  if (options.listRefusalsPercent) refuseLists(faults, options.listRefusalsPercent, Math.floor(now() / 1000));
  const app = await NestFactory.create<NestFastifyApplication>(
    SimulatorModule.around({ prices, log, rates, faults, events, now, syntheticCount }),
    // CoinGecko answers with and without a slash at the end of the path.
    new FastifyAdapter({
      bodyLimit: LARGEST_BODY,
      http: { maxHeaderSize: LARGEST_HEAD },
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
    rates,
    faults,
    events,
    listen: async (port, host = '127.0.0.1') => {
      return listenOn(app, { host, port, portVariable: 'SIMULATOR_PORT' });
    },
    close: async () => {
      faults.end();
      await app.close();
    },
  };
}

/** So long a planned fault may last, in seconds. */
const WEEK_SECONDS = 7 * 86_400;

function refuseLists(faults: FaultStore, percent: number, from: number): void {
  faults.start({
    ...{ kind: 'status', status: 429, retry_after: 1, source: 'coingecko', endpoint: '/coins/markets' },
    ...{ probability: percent / 100, from, to: from + WEEK_SECONDS },
  });
}
