import { randomInt } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call that the upstream answered. */
export interface LoggedCall {
  readonly source: 'deribit' | 'coingecko';
  /** Source names asked for, joined by a comma. */
  readonly names: string;
  /** By the test's own clock, milliseconds since 1970. */
  readonly atMs: number;
  /** The digits of each name in the answer. */
  readonly prices: ReadonlyMap<string, string>;
}

/**
 * Deribit and CoinGecko as a test sees them: no price is ever given twice, so that a stored price names the one call that
 * it came from. Lives in the test's process, where no worker can reach its numbers but by asking.
 */
export class UniqueUpstream {
  readonly calls: LoggedCall[] = [];
  private given: number;

  private constructor(
    private readonly server: Server,
    /** Drawn anew for each run: where its prices begin. */
    seed: number,
  ) {
    this.given = seed;
  }

  static async start(): Promise<UniqueUpstream> {
    const server = createServer();
    const upstream = new UniqueUpstream(server, randomInt(1_000_000));
    server.on('request', (request, response) => upstream.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get sourceUrls() {
    const { port } = this.server.address() as AddressInfo;
    return { DERIBIT_URL: `http://127.0.0.1:${port}/deribit`, COINGECKO_URL: `http://127.0.0.1:${port}/coingecko` };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://upstream');
    const isDeribit = url.pathname === '/deribit/public/get_index_price';
    if (!isDeribit && url.pathname !== '/coingecko/simple/price') {
      // A scheduler asks for lists of names when it starts; there are none here, and no price comes of it.
      response.writeHead(404).end();
      return;
    }
    const names = (url.searchParams.get(isDeribit ? 'index_name' : 'ids') ?? '').split(',');
    const prices = new Map(names.map((name) => [name, this.nextPrice()]));
    this.calls.push({
      source: isDeribit ? 'deribit' : 'coingecko',
      names: [...names].sort().join(','),
      atMs: Date.now(),
      prices,
    });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(isDeribit ? deribitBody(prices.get(names[0] ?? '')) : coingeckoBody(prices));
  }

  /** Digits that no float would keep, and that no other answer has. */
  private nextPrice(): string {
    this.given += 1;
    return `${1_000 + (this.given % 90_000)}.${String(this.given).padStart(9, '0')}${randomInt(10, 99)}0`;
  }
}

function deribitBody(price: string | undefined): string {
  return `{"jsonrpc":"2.0","result":{"estimated_delivery_price":${price},"index_price":${price}},"testnet":false}`;
}

function coingeckoBody(prices: ReadonlyMap<string, string>): string {
  const seconds = Math.floor(Date.now() / 1000);
  return `{${[...prices].map(([name, price]) => `"${name}":{"usd":${price},"last_updated_at":${seconds}}`).join(',')}}`;
}
