import type { SourceErrorKind } from '@app/domain';
import { oneLine, type Source, SourceError, type SourceResponse, tryReadJson } from '../contract/index.js';

/** Statuses that mean the same at every source, whatever the body says. */
const KIND_OF_STATUS: ReadonlyMap<number, SourceErrorKind> = new Map([
  [401, 'unauthorized'],
  // A proxy on our side wants its password.
  [407, 'unauthorized'],
  [408, 'timeout'],
  [418, 'rate_limited'],
  // The connection was the wrong one, or came too early: another try may succeed.
  [421, 'unavailable'],
  [425, 'unavailable'],
  [429, 'rate_limited'],
  [451, 'forbidden_region'],
  [504, 'timeout'],
  // Cloudflare: the origin took too long.
  [522, 'timeout'],
  [524, 'timeout'],
  // What some proxies call their own time-outs.
  [598, 'timeout'],
  [599, 'timeout'],
]);

/** Statuses whose meaning the body may refine: 403 is a closed region at one source and a bad key at another. */
const DEFAULT_KIND_OF_STATUS: ReadonlyMap<number, SourceErrorKind> = new Map([
  [402, 'unauthorized'],
  [403, 'forbidden_region'],
  [404, 'not_found'],
  [410, 'not_found'],
]);

/**
 * What an answer with a status other than 200 means. The body never makes it a success, however good it looks: answers
 * with status 500 and complete, valid prices were taped.
 */
export function refusalOf(source: Source, response: SourceResponse, nowMs: number): SourceError {
  const said = source.explain?.(tryReadJson(response.body), response, nowMs);
  const network = refusalOfNetwork(response.body);
  const words = said?.detail ?? network?.detail ?? '';
  return new SourceError(kindOf(response.status, said?.kind, network?.kind), source.name, describe(response, words), {
    retryAfterSeconds: said?.retryAfterSeconds,
  });
}

/**
 * A refusal by the network in front of a source (Cloudflare), as plain text or as a page, with whatever status;
 * undefined when the body is none. 1015 is its rate limit, the others are its rules against an address, a client or a country.
 */
export function refusalOfNetwork(body: string): { kind: SourceErrorKind; detail: string } | undefined {
  const text = body.slice(0, 8192).replace(/<[^>]*>/g, ' ');
  const code = /\berror(?: code)?:?\s+(1015|1020|1012|10(?:0[6-9]|10))\b/i.exec(text)?.[1];
  if (code === undefined) return undefined;
  return { kind: code === '1015' ? 'rate_limited' : 'forbidden_region', detail: `Cloudflare error ${code}` };
}

function kindOf(
  status: number,
  said: SourceErrorKind | undefined,
  network: SourceErrorKind | undefined,
): SourceErrorKind {
  // Being throttled is worth knowing under any status.
  if (said === 'rate_limited' || network === 'rate_limited') return 'rate_limited';
  const fixed = KIND_OF_STATUS.get(status);
  if (fixed !== undefined) return fixed;
  if (status >= 500) return 'unavailable';
  // No redirect is followed: an API that moved, or a page in its place, is nothing that can be read as an answer.
  if (status < 400) return 'malformed';
  // Words that are not understood say less than the status does.
  const words = said === 'drift' ? undefined : said;
  return words ?? network ?? DEFAULT_KIND_OF_STATUS.get(status) ?? 'drift';
}

function describe(response: SourceResponse, words: string): string {
  const location = response.headers['location'];
  const hint = words === '' && location !== undefined ? `redirect to ${hostOf(location)}` : words;
  return `HTTP ${response.status}${hint === '' ? '' : ` (${oneLine(hint)})`}`;
}

/** Only the host: the rest of an address may hold a key. */
function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).host : 'another path';
}
