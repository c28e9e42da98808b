/** Words that make the name of a query parameter that of a secret: `api_key`, `accessToken`, `X-Signature`. */
const SECRET_WORDS: ReadonlySet<string> = new Set(
  `key keys apikey accesskey token secret secrets sign signature sig auth authorization password passwd pwd pass credential credentials
  session jwt bearer`.split(/\s+/),
);

/** Whether a query parameter is named like a secret. */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => SECRET_WORDS.has(word));
}
