import { createServer, type AddressInfo, type Socket } from 'node:net';
import { hasPassword, MissingRightsError } from './rights.js';

describe('whether a role has a password already, asked of a server', () => {
  const closing: (() => void)[] = [];

  afterEach(() => closing.splice(0).forEach((close) => close()));

  /** The port of a server that does this with whoever says who it is. */
  async function serverThat(answer: (socket: Socket) => void): Promise<number> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined).once('data', () => answer(socket));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    closing.push(
      () => server.close(),
      () => sockets.forEach((socket) => socket.destroy()),
    );
    return (server.address() as AddressInfo).port;
  }

  /** What Postgres says instead of letting in. */
  function refusing(code: string, message: string): (socket: Socket) => void {
    const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
    const head = Buffer.from('E\0\0\0\0');
    head.writeInt32BE(fields.length + 4, 1);
    return (socket) => socket.end(Buffer.concat([head, fields]));
  }

  function asked(port: number): Promise<boolean> {
    const url = `postgres://reader:first@127.0.0.1:${port}/prices`;
    return hasPassword({ user: 'reader', password: 'first', url, urlVariable: 'API_DATABASE_URL' });
  }

  it.each([
    ['42501', 'permission denied for database "prices"', true],
    ['28P01', 'password authentication failed for user "reader"', false],
    ['28000', 'role "reader" is not permitted to log in', false],
  ])('takes %s, %s, for %s', async (code, message, expected) => {
    expect(await asked(await serverThat(refusing(code, message)))).toBe(expected);
  });

  it('says that the server keeps the role out where its file does: no statement mends that', async () => {
    const message = 'no pg_hba.conf entry for host "10.0.0.7", user "reader", database "prices", no encryption';
    const port = await serverThat(refusing('28000', message));
    const error: unknown = await asked(port).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(MissingRightsError);
    expect((error as Error).message).toBe(
      `The server of the database at 127.0.0.1:${port} (API_DATABASE_URL) does not let the role reader in, which the API reads as: ${message}. Let its administrator add a line for that role to pg_hba.conf, then run migrate again.`,
    );
  });

  it('names address and variable where nobody listens, which may be mended by itself', async () => {
    const port = await serverThat(() => undefined);
    closing.splice(0).forEach((close) => close());
    const error: unknown = await asked(port).catch((fault: unknown) => fault);
    const said = `database at 127.0.0.1:${port} (API_DATABASE_URL) cannot be reached (`;
    expect((error as Error).message).toContain(said);
    expect((error as Error).message).toContain('ECONNREFUSED');
    expect(error).not.toHaveProperty('exitStatus');
  });

  it('waits for a server that says nothing for 3 s at most: others wait for the lock of the migration', async () => {
    const port = await serverThat(() => undefined);
    const since = performance.now();
    await expect(asked(port)).rejects.toThrow(
      `127.0.0.1:${port} (API_DATABASE_URL) cannot be reached (timeout expired)`,
    );
    expect(performance.now() - since).toBeLessThan(4_500);
  });
});
