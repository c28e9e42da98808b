import { z } from 'zod';
import { addressTlsFault } from './database-tls.js';

/** A TCP port; 0 lets the system choose one. */
export function port(defaultPort: number, description: string) {
  return wholeNumber(0, 65_535, 'must be a port number, 0 to 65535').default(defaultPort).describe(description);
}

/** An address to listen on. */
export function host(defaultHost: string, description: string) {
  return z.string().default(defaultHost).describe(description);
}

/** A number of whole seconds between two bounds. */
export function seconds(minimum: number, maximum: number) {
  return wholeNumber(minimum, maximum, `must be a whole number of seconds, ${minimum} to ${maximum}`);
}

/** A number of seconds between two bounds, down to the millisecond. */
export function fineSeconds(minimum: number, maximum: number) {
  const fault = `must be a number of seconds, ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d{1,9}(\.\d{1,3})?$/, fault)
    .transform(Number)
    .pipe(z.number().min(minimum, fault).max(maximum, fault));
}

/** A whole number between two bounds, in plain digits: `Number()` would read a blank as 0 and take `0x10` and `1e3`. */
export function wholeNumber(minimum: number, maximum: number, fault: string) {
  return z
    .string()
    .regex(/^\d{1,15}$/, fault)
    .transform(Number)
    .pipe(z.number().min(minimum, fault).max(maximum, fault));
}

/** A password or key. It may be given as a file instead, by the name of the variable and `_FILE`. */
export function secret(description: string) {
  return z.string().optional().describe(description).meta({ secret: true });
}

/** An address of a proxy; `host:port` alone, which curl takes too, is read as `http://host:port`. */
export function proxyAddress() {
  return z
    .string()
    .transform((text) => (/^[^/\s]+:\d{1,5}$/.test(text) ? `http://${text}` : text))
    .refine(
      (text) => /^https?:\/\/./.test(text) && URL.canParse(text),
      'must be an address that begins with http:// or https://, or host:port; other kinds of proxies, such as SOCKS, cannot be used',
    );
}

/** An address of a server, of one of the given schemes; of a Postgres also what it says of TLS is checked, of a Redis its database. */
export function address(schemes: readonly string[]) {
  const fault = `must be an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return z
    .string()
    .refine(
      (text) => {
        const scheme = /^([a-z]+):\/\/./.exec(text)?.[1];
        return scheme !== undefined && schemes.includes(scheme) && URL.canParse(text);
      },
      { error: fault, abort: true },
    )
    .superRefine((text, context) => {
      const tlsFault = text.startsWith('postgres') ? addressTlsFault(text) : undefined;
      if (tlsFault !== undefined) context.addIssue(tlsFault);
      const database = text.startsWith('redis') ? new URL(text).pathname.slice(1) : '';
      if (!/^\d{0,4}$/.test(database)) context.addIssue(`${database} is no number of a Redis database`);
    });
}
