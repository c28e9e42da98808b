import type pg from 'pg';

/** Connections whose events nobody hears, as those of a process that is stopped. */
export class DeafPool {
  constructor(private readonly pool: pg.Pool) {}

  async connect(): Promise<pg.PoolClient> {
    const client = await this.pool.connect();
    return new Proxy(client, {
      get: (target, name) => {
        const value: unknown = name === 'on' ? () => undefined : Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  query(...args: unknown[]): Promise<unknown> {
    return (this.pool.query.bind(this.pool) as (...each: unknown[]) => Promise<unknown>)(...args);
  }
}

/** Connections that break before their statement of a number, as they do when a process is killed; no other works after that. */
export class DyingPool {
  private readonly clients = new Set<Broken>();

  constructor(
    private readonly pool: pg.Pool,
    private left: number,
  ) {}

  /** Breaks all connections that are still there, as the end of a process does. */
  kill(): void {
    this.left = 0;
    for (const client of this.clients) client.connection.stream.destroy();
  }

  async connect(): Promise<pg.PoolClient> {
    const client = await this.pool.connect();
    this.clients.add(client);
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const counted = (...args: unknown[]): unknown => {
      this.left -= 1;
      if (this.left > 0) return query(...args);
      this.kill();
      return Promise.reject(new Error('killed'));
    };
    return new Proxy(client, {
      get: (target, name) => {
        const value: unknown = name === 'query' ? counted : Reflect.get(target, name);
        return typeof value === 'function' && name !== 'query' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  query(...args: unknown[]): Promise<unknown> {
    this.left -= 1;
    if (this.left <= 0) return Promise.reject(new Error('killed'));
    return (this.pool.query.bind(this.pool) as (...each: unknown[]) => Promise<unknown>)(...args);
  }
}

interface Broken {
  readonly connection: { readonly stream: { destroy(): void } };
}
