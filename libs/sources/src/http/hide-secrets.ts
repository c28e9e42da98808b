/** What stands in the place of a secret. */
export const HIDDEN = '***';

/** A shorter secret is not looked for in texts: it would be found in what is none. */
const MIN_SECRET_LENGTH = 8;

/** A text in which no secret stands: neither plain, nor as it is written in an address or in JSON. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap(formsOf)
    .reduce((safe, secret) => (safe.includes(secret) ? safe.replaceAll(secret, HIDDEN) : safe), text);
}

function formsOf(secret: string): readonly string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    inJson,
    // Some write the slashes of JSON so.
    inJson.replaceAll('/', '\\/'),
  ];
}
