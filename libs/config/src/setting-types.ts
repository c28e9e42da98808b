import { z } from 'zod';

/** A TCP port; 0 lets the system choose one. */
export function port(defaultPort: number, description: string) {
  return z.coerce
    .number({ error: 'must be a port number, 0 to 65535' })
    .int('must be a whole number')
    .min(0, 'must be a port number, 0 to 65535')
    .max(65_535, 'must be a port number, 0 to 65535')
    .default(defaultPort)
    .describe(description);
}

/** An address to listen on. */
export function host(defaultHost: string, description: string) {
  return z.string().default(defaultHost).describe(description);
}

/** A number of whole seconds between two bounds. */
export function seconds(minimum: number, maximum: number) {
  const fault = `must be a whole number of seconds, ${minimum} to ${maximum}`;
  return z.coerce.number({ error: fault }).int(fault).min(minimum, fault).max(maximum, fault);
}

/** An address of a server, of one of the given schemes. */
export function address(schemes: readonly string[]) {
  const fault = `must be an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return z.string().refine((text) => {
    const scheme = /^([a-z]+):\/\/./.exec(text)?.[1];
    return scheme !== undefined && schemes.includes(scheme) && URL.canParse(text);
  }, fault);
}
