import { accessSync, constants } from 'node:fs';

/** What an address may ask of the connection; the words and what they mean are those of libpq. */
export const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;

/**
 * Makes the driver read an address as every other program does. Left to itself it takes `require` for `verify-full` now and
 * says that this will change. Every connection of every process is made from such an address, so that this is the one place.
 * @param variable who said so, for the errors.
 * @throws Error for a mode whose protection depends on luck, and for a file that cannot be read.
 */
export function withTls(address: string, variable: string): string {
  const url = new URL(address);
  const mode = url.searchParams.get('sslmode');
  const root = url.searchParams.get('sslrootcert');
  if (mode === null && root === null) return address;
  if (mode === null) {
    throw new Error(`${variable}: sslrootcert alone protects nothing: add sslmode=verify-full.`);
  }
  if (!(SSL_MODES as readonly string[]).includes(mode)) {
    throw new Error(`${variable}: sslmode=${mode} ${whyRefused(mode)}: say ${SSL_MODES.join(', ')}.`);
  }
  if (root === 'system') url.searchParams.delete('sslrootcert');
  else if (root !== null) requireReadable(root, variable);
  if (mode === 'verify-ca' && !url.searchParams.has('sslrootcert')) {
    throw new Error(`${variable}: sslmode=verify-ca needs an authority of your own: name its file in sslrootcert.`);
  }
  url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

function whyRefused(mode: string): string {
  return mode === 'prefer' || mode === 'allow'
    ? 'leaves it to the server whether the connection is safe'
    : 'is no mode of libpq';
}

function requireReadable(file: string, variable: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
    throw new Error(`${variable}: the file of sslrootcert, ${file}, cannot be read (${code}).`, { cause: error });
  }
}
