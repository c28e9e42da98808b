import { networkInterfaces } from 'node:os';
import { isEveryAddress, reachableHost } from './port-check.js';

/** No more addresses of other machines' way here are named. */
const MOST_NAMED = 3;

/**
 * At which addresses a server that listens on this host and port is reached, in sentences for the terminal; the first begins with the
 * address for this machine itself.
 * @param hostVariable which sets the host.
 * @param interfaces the machine's own; a test gives others.
 */
export function listeningAddresses(
  { host, port, hostVariable }: { readonly host: string; readonly port: number; readonly hostVariable: string },
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string[] {
  const own = `http://${reachableHost(host)}:${port}`;
  if (isLoopback(host)) return [`${own} (this machine only; ${hostVariable}=0.0.0.0 opens it)`];
  if (!isEveryAddress(host)) return [`${own} (this address alone, by ${hostVariable})`];
  const outside = Object.values(interfaces).flatMap((addresses) =>
    (addresses ?? []).filter(
      ({ family, internal, address }) =>
        !internal && (family === 'IPv4' || (host === '::' && !address.toLowerCase().startsWith('fe80'))),
    ),
  );
  const urls = outside.map(({ address, family }) => `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`);
  const more = urls.length > MOST_NAMED ? ` and ${urls.length - MOST_NAMED} more` : '';
  const named =
    urls.length === 0 ? 'as soon as it has an address' : `at ${urls.slice(0, MOST_NAMED).join(', ')}${more}`;
  return [own, `from other machines ${named} (${hostVariable}=127.0.0.1 keeps them out)`];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
