/** What a fault makes of a price text; undefined when a fault of this kind leaves the text alone. */
export function valueFaultText(kind: string, honest: string): string | undefined {
  switch (kind) {
    case 'zero':
      return '0';
    case 'negative':
      return `-${honest}`;
    case 'absurd':
      return '1e30';
    default:
      return undefined;
  }
}

/**
 * The name of a field with a slip: without its first vowel after the first letter, else with its last letter twice. `price`
 * becomes `prce`, `lastPrice` `lstPrice`, `usd` `usdd`, `c` `cc`.
 */
export function misspelt(field: string): string {
  const slip = field.replace(/^(.[^aeiou]*?)[aeiou](?=.)/, '$1');
  return slip === field ? field + field.slice(-1) : slip;
}

/** Types that a price can take instead of its own. */
export const RETYPED_AS = ['string', 'number', 'null', 'boolean', 'array', 'object', 'word'] as const;

/**
 * A price as a JSON value of another type.
 * @param as the other one of string and number without it.
 */
export function retyped(text: string, own: 'string' | 'number', as: (typeof RETYPED_AS)[number] | undefined): string {
  switch (as ?? (own === 'string' ? 'number' : 'string')) {
    case 'string':
      return `"${text}"`;
    case 'number':
      return text;
    case 'null':
      return 'null';
    case 'boolean':
      return 'true';
    case 'array':
      return `[${text}]`;
    case 'object':
      return `{"value":${text}}`;
    case 'word':
      return '"n/a"';
  }
}
