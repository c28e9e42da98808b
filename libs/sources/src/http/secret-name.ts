/** Words that make the name of a query parameter that of a secret: `api_key`, `accessToken`, `X-Signature`. */
const SECRET_WORDS: ReadonlySet<string> = new Set(
  `key keys token tokens secret secrets sign signature sig auth authorization password passwd pwd pass passphrase credential credentials
  session jwt bearer`.split(/\s+/),
);

/** Words that are written before them without anything between: `apikey`, `accesstoken`, `clientsecret`. */
const JOINED_WORDS =
  `api access app auth client consumer demo developer id master my private pro project public refresh secret service
  session shared subscription user web x`.split(/\s+/);

/** A secret word behind joined ones, and with a number behind it: `xapikey`, `key2`. */
const JOINED_SECRET = new RegExp(`^(?:${JOINED_WORDS.join('|')})*(?:${[...SECRET_WORDS].join('|')})\\d*$`);

/** What a coin that is called a token has beside a price, and whose: `tokenAddress`, `base_token_symbols`, `token_ids`. */
const OF_TOKENS: ReadonlySet<string> = new Set(
  `address addresses base chain contract contracts decimals from id ids mint name names network pair quote symbol symbols to type`.split(
    /\s+/,
  ),
);

/**
 * Whether a query parameter is named like a secret: one of its words is such a word, wherever it stands. In doubt it is one. A token alone
 * is a secret; one of which an address, a symbol or the like is named, and nothing else, is a coin.
 */
export function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  if (!words.some((word) => JOINED_SECRET.test(word))) return false;
  const others = words.filter((word) => !/^tokens?$/.test(word));
  return others.length === 0 || others.length === words.length || !others.every((word) => OF_TOKENS.has(word));
}
