import { CUT_OFF } from '../contract/index.js';

/** What stands in the place of a secret. */
export const HIDDEN = '***';

/** A shorter secret is not looked for in texts: it would be found in what is none. */
const MIN_SECRET_LENGTH = 8;

/** So many characters of a secret are hidden too where a text was cut off in the middle of it. */
const MIN_PREFIX_LENGTH = 4;

/**
 * A text in which no secret stands: neither plain, nor as it is written in an address or in JSON, nor the beginning of one in front of
 * {@link CUT_OFF}.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap(formsOf)
    .reduce(withoutForm, text);
}

function withoutForm(text: string, form: string): string {
  const escapes = lettersOfEscapes(form);
  let safe = '';
  let from = 0;
  for (let at = text.indexOf(form.charAt(0)); at !== -1; at = text.indexOf(form.charAt(0), Math.max(from, at + 1))) {
    const length = sameLength(text, at, form, escapes);
    const isCutOff = length >= MIN_PREFIX_LENGTH && text.startsWith(CUT_OFF, at + length);
    if (length < form.length && !isCutOff) continue;
    safe += text.slice(from, at) + HIDDEN;
    from = at + length;
  }
  return safe + text.slice(from);
}

/** How many characters of a secret stand at a place of a text. */
function sameLength(text: string, at: number, form: string, escapes: ReadonlySet<number>): number {
  let length = 0;
  while (length < form.length) {
    const [found, expected] = [text.charAt(at + length), form.charAt(length)];
    if (found !== expected && !(escapes.has(length) && found.toUpperCase() === expected.toUpperCase())) break;
    length += 1;
  }
  return length;
}

/** Where the letters of percent escapes stand, which may be small or capital: `%2b` and `%2B` are one. */
function lettersOfEscapes(form: string): ReadonlySet<number> {
  return new Set([...form.matchAll(/%[0-9a-f]{2}/gi)].flatMap(({ index }) => [index + 1, index + 2]));
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
