import { readFileSync } from 'node:fs';

/** What an address may ask of the connection; the words and what they mean are those of libpq. */
export const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;

/**
 * Makes the driver read an address as every other program does. Left to itself it takes `require` for `verify-full` now and
 * says that this will change. Every connection of every process is made from such an address, so that this is the one place.
 * @param variable where the address is from, for the errors.
 * @throws Error for a mode whose protection depends on luck, and for a file that cannot be read.
 */
export function withTls(address: string, variable: string): string {
  const fault = addressTlsFault(address);
  if (fault !== undefined) throw new Error(`${variable}: ${fault}`);
  const url = new URL(address);
  if (!url.searchParams.has('sslmode')) return address;
  if (url.searchParams.get('sslrootcert') === 'system') url.searchParams.delete('sslrootcert');
  url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

/** Why an address cannot be used, by its `sslmode` and `sslrootcert`; undefined when it can. */
export function addressTlsFault(address: string): string | undefined {
  const { searchParams } = new URL(address);
  return tlsFault(searchParams.get('sslmode') ?? undefined, searchParams.get('sslrootcert') ?? undefined);
}

/** Why a mode and the file of an authority cannot be used together; undefined when they can. */
export function tlsFault(mode: string | undefined, rootFile: string | undefined): string | undefined {
  if (mode === undefined) {
    return rootFile === undefined ? undefined : 'sslrootcert alone protects nothing: add sslmode=verify-full.';
  }
  if (!(SSL_MODES as readonly string[]).includes(mode)) {
    return `sslmode=${mode} ${whyRefused(mode)}: say ${SSL_MODES.join(', ')}.`;
  }
  const ownFile = rootFile === 'system' ? undefined : rootFile;
  if (mode === 'verify-ca' && ownFile === undefined) {
    return 'sslmode=verify-ca needs an authority of your own: name its file in sslrootcert.';
  }
  return ownFile === undefined ? undefined : whyNoAuthority(ownFile, 'sslrootcert');
}

function whyRefused(mode: string): string {
  return mode === 'prefer' || mode === 'allow'
    ? 'leaves it to the server whether the connection is safe'
    : 'is no mode of libpq';
}

/** Why a file cannot be that of an authority; undefined when it holds a certificate. @param of names the setting. */
export function whyNoAuthority(file: string, of: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').includes('-----BEGIN')
      ? undefined
      : `the file of ${of}, ${file}, holds no certificate in PEM.`;
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
    return `the file of ${of}, ${file}, cannot be read (${code}).`;
  }
}
