import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { explainListenError, type ListenAddress } from '../listen-address.js';

/**
 * Has an app listen.
 * @returns the address, e.g. `http://127.0.0.1:8000`.
 * @throws Error that names the variable when the port is in use.
 */
export async function listenOn(
  app: NestFastifyApplication,
  { host, port, portVariable }: ListenAddress,
): Promise<string> {
  await app.listen(port, host).catch((error: unknown) => {
    throw explainListenError(error, { host, port, portVariable });
  });
  return addressOf(app.getHttpServer().address());
}

function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
