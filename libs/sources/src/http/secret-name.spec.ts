import fc from 'fast-check';
import { isSecretName } from './secret-name.js';

/** Ways to write words as one name. */
const styles: readonly ((words: readonly string[]) => string)[] = [
  (words) => words.join('_'),
  (words) => words.join('-'),
  (words) => words.join('.'),
  (words) => words.join('_').toUpperCase(),
  (words) => `x-${words.join('-')}`,
  (words) => words.map((word, index) => (index === 0 ? word : capital(word))).join(''),
  (words) => words.map(capital).join(''),
  (words) => `HTTP${words.map(capital).join('')}`,
];
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const style = fc.constantFrom(...styles);
const word = fc.stringMatching(/^[a-z]{1,9}$/);

describe('the name of a parameter', () => {
  it('is that of a secret wherever a word of one stands in it, in any way of writing', () => {
    const secret = fc.constantFrom(
      ...[
        'key',
        'apikey',
        'accesskey',
        'accesstoken',
        'clientsecret',
        'secret',
        'signature',
        'sig',
        'auth',
        'password',
        'passphrase',
      ],
      ...['pwd', 'jwt', 'bearer', 'credentials', 'session', 'key2', 'xapikey'],
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 3 }),
        secret,
        fc.array(word, { maxLength: 2 }),
        style,
        (before, one, after, write) => {
          expect(isSecretName(write([...before, one, ...after]))).toBe(true);
        },
      ),
    );
  });

  it('is that of a secret when it is a token, whatever kind of token that is', () => {
    const kind = fc.constantFrom('access', 'api', 'auth', 'refresh', 'session', 'my', 'csrf', 'user', 'bot');
    const more = fc.constantFrom([], ['id'], ['address'], ['symbol']);
    fc.assert(
      fc.property(kind, fc.constantFrom('token', 'tokens'), more, style, (first, token, rest, write) => {
        expect(isSecretName(write([first, token, ...rest]))).toBe(true);
      }),
    );
    for (const name of ['token', 'Token', 'TOKEN', 'tokens', 'token1', '_token', 'token[]'])
      expect(isSecretName(name)).toBe(true);
  });

  it('is none when the token is a coin of which something is named', () => {
    const whose = fc.constantFrom([], ['base'], ['quote'], ['from'], ['to']);
    const what = fc.constantFrom(
      'address',
      'addresses',
      'symbol',
      'symbols',
      'id',
      'ids',
      'name',
      'decimals',
      'contract',
    );
    fc.assert(
      fc.property(
        whose,
        fc.constantFrom('token', 'tokens'),
        what,
        fc.constantFrom(...styles.slice(0, 4), ...styles.slice(5, 7)),
        (before, token, last, write) => {
          expect(isSecretName(write([...before, token, last]))).toBe(false);
        },
      ),
    );
  });

  it.each([
    'ids',
    'symbols',
    'monkey',
    'keyword',
    'design',
    'tokenomics',
    'author',
    'passenger',
    'sessions_open',
    'pair',
    '',
  ])('is none where only letters of such a word stand in another: %s', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});
