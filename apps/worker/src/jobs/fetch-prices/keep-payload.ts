import { createHash } from 'node:crypto';
import { type CallRecord, HIDDEN, isSecretName, withoutSecrets } from '@app/sources';
import type { AnsweredCall } from '@app/storage';

/** A call without its secrets, as it is stored, and the body that came. */
export interface RecordedCall {
  readonly call: AnsweredCall;
  readonly body: string;
}

/** Headers that say when an answer was made, how old it is, who answered, and what is left of a limit. */
const KEPT_HEADERS: ReadonlySet<string> = new Set(
  `age cache-control content-encoding content-type date etag expires last-modified retry-after server via x-cache
  cf-cache-status cf-ray x-request-id x-mbx-used-weight x-mbx-used-weight-1m ratelimit-limit ratelimit-remaining ratelimit-reset
  x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset`.split(/\s+/),
);

/** Longest value of a header that is kept, in characters. */
const MAX_HEADER_LENGTH = 300;

/**
 * Makes a call ready to be stored. Keys travel in headers, which are not kept, or in a parameter that no record has; should one stand in
 * the address all the same, or a source repeat it in its answer, it is hidden.
 * @param secrets keys of the settings, whole.
 */
export function recordCall(
  { url, endpoint, response }: CallRecord,
  { secrets, parserVersion }: { readonly secrets: readonly string[]; readonly parserVersion: string },
): RecordedCall {
  const body = withoutSecrets(response.body, secrets);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (KEPT_HEADERS.has(name)) headers[name] = withoutSecrets(value, secrets).slice(0, MAX_HEADER_LENGTH);
  }
  return {
    body,
    call: {
      url: safeUrl(url, secrets),
      endpoint,
      headers,
      parserVersion,
      payloadSha256: createHash('sha256').update(body).digest(),
    },
  };
}

/** An address without user, password, and the values of parameters that are named like a secret or hold one. */
export function safeUrl(text: string, secrets: readonly string[] = []): string {
  if (!URL.canParse(text)) return withoutSecrets(text.split('?', 1)[0] ?? '', secrets);
  const url = new URL(text);
  url.username = '';
  url.password = '';
  url.hash = '';
  for (const name of new Set(url.searchParams.keys())) {
    if (isSecretName(name)) url.searchParams.set(name, HIDDEN);
  }
  return withoutSecrets(url.href, secrets);
}
