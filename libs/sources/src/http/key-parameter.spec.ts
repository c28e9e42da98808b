import fc from 'fast-check';
import { inspect } from 'node:util';
import { oneLine, type Source, SourceError } from '../contract/index.js';
import { httpJsonSource } from '../providers/http-json.js';
import { readDeclarations } from '../providers/read-declarations.js';
import {
  type AnswerHandler,
  type AnswerServer,
  plainAnswer,
  startAnswerServer,
  unusedUrl,
} from '../testing/answer-server.contract.js';
import { withoutSecrets } from './hide-secrets.js';
import { lacksKey, planOf } from './source-access.js';
import { SourceClient } from './source-client.js';

const KEY = 'very/secret+key&x=1 ä';
const TICKERS = [{ ticker: 'btc_usd', sourceSymbol: 'btc_usd' }];
const FORMS = [KEY, encodeURIComponent(KEY), new URLSearchParams({ k: KEY }).toString().slice(2), 'very'];

function declared(fields: string): Source {
  const [declaration] = readDeclarations(
    `sources:\n  - {id: 100, name: keyed, url: 'https://a.example/v1/price?pair={source_symbol}', price: p, identity: none, error: e,
     limit: {calls: 1, per_seconds: 1, origin: docs}, ${fields}}`,
    'the test',
  );
  if (declaration === undefined) throw new Error('nothing was declared');
  return httpJsonSource(declaration);
}

describe('a key that travels as a parameter', () => {
  const source = declared('key_query: {name: apikey}');
  let server: AnswerServer;
  beforeAll(async () => {
    server = await startAnswerServer();
  });
  afterAll(() => server.close());

  async function ask(handler: AnswerHandler, { baseUrl = server.url, apiKey = KEY, timeoutMs = 10_000 } = {}) {
    server.answerWith(handler);
    const client = new SourceClient({ access: { keyed: { baseUrl, apiKey } }, now: Date.now });
    const outcome = await client.fetch(source, TICKERS, { timeoutMs }).catch((error: unknown) => error);
    client.close();
    return outcome;
  }

  it('is needed, and named by its plan', () => {
    expect(lacksKey(source)).toBe(true);
    expect(planOf(source, { apiKey: KEY }).name).toBe('key');
  });

  it('arrives at the source as it is, whatever letters it has, and stands in no record of the call', async () => {
    const arrived: (string | null)[] = [];
    const handler: AnswerHandler = (request, response) => {
      arrived.push(new URL(request.url ?? '', server.url).searchParams.get('apikey'));
      plainAnswer(200, '{"p":"7"}')(request, response);
    };
    for (const apiKey of [
      KEY,
      'abc',
      ...fc.sample(fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' }), 5),
    ]) {
      const answer = await ask(handler, { apiKey });
      expect(arrived.at(-1)).toBe(apiKey);
      expect(answer).toMatchObject({
        readings: [{ price: '7' }],
        call: { url: `${server.url}/v1/price?pair=btc_usd` },
      });
    }
  });

  it.each<[string, AnswerHandler, number?]>([
    ['refuses it and repeats it', plainAnswer(401, JSON.stringify({ e: `API key ${KEY} is not valid` }))],
    ['repeats it in an error of status 200', plainAnswer(200, JSON.stringify({ e: `wrong apikey ${KEY}` }))],
    [
      'repeats the whole address',
      (request, response) => void response.writeHead(404).end(JSON.stringify({ e: `Cannot GET ${request.url}` })),
    ],
    ['repeats it behind many words', plainAnswer(401, JSON.stringify({ e: `${'no '.repeat(62)}${KEY} is no key` }))],
    [
      'repeats it with small letters',
      plainAnswer(
        401,
        JSON.stringify({ e: encodeURIComponent(KEY).replace(/%../g, (escaped) => escaped.toLowerCase()) }),
      ),
    ],
    [
      'sends us elsewhere with it',
      (request, response) => void response.writeHead(302, { location: `https://b.example${request.url}` }).end(),
    ],
    ['answers something else', plainAnswer(200, '{"q":1}')],
    ['answers a page', plainAnswer(200, '<html>')],
    ['breaks off', (request) => void request.socket.resetAndDestroy()],
    ['speaks no HTTP', (request) => void request.socket.end('SSH-2.0\r\n')],
    ['says nothing', () => undefined, 300],
  ])('stands in no failure when the source %s', async (_what, handler, timeoutMs = 10_000) => {
    const error = await ask(handler, { timeoutMs });
    expectNoKeyIn(error);
  });

  it('stands in no failure when nobody listens', async () => {
    expectNoKeyIn(await ask(() => undefined, { baseUrl: await unusedUrl() }));
  });

  function expectNoKeyIn(error: unknown): void {
    if (!(error instanceof SourceError)) throw new Error('expected a SourceError', { cause: error });
    const { message, detail, stack, drift, call } = error;
    // The body is what was answered; whoever keeps it hides the key in it.
    const shown = [message, detail, stack, inspect(drift), call?.url, call?.endpoint].join('\n');
    for (const form of FORMS) expect(shown).not.toContain(form);
  }
});

describe('a text without secrets', () => {
  it('has none of them, plain, in an address or in JSON', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 40 }), fc.string(), (secret, around) => {
        fc.pre(!around.includes(secret) && secret.isWellFormed() && !secret.includes('*'));
        for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
          expect(withoutSecrets(`${around}=${form}`, [secret])).not.toContain(`=${form}`);
        }
      }),
    );
  });

  it('has none whose escapes are written with small letters', () => {
    const [small, mixed] = ['ab%2bcd%2fef%3dgh', 'ab%2Bcd%2fef%3Dgh'];
    expect(withoutSecrets(`k=${small}&l=${mixed}&m=%2b`, ['ab+cd/ef=gh'])).toBe('k=***&l=***&m=%2b');
    expect(withoutSecrets(`100%${small}`, ['ab+cd/ef=gh'])).toBe('100%***');
  });

  it('has no more than three characters of one that was cut off, wherever the cut is', () => {
    const secret = fc.stringMatching(/^[!-~]{8,60}$/);
    fc.assert(
      fc.property(secret, fc.nat(220), fc.nat(120), fc.nat(4), fc.boolean(), (key, before, after, which, isSmall) => {
        const json = JSON.stringify(key).slice(1, -1);
        const address = encodeURIComponent(key);
        const forms = [
          key,
          address,
          new URLSearchParams({ '': key }).toString().slice(1),
          json,
          json.replaceAll('/', '\\/'),
        ];
        const form = forms[which] ?? key;
        const written = isSmall ? form.replace(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase()) : form;
        // Letters that no secret here has, so that all that is left of one is seen.
        const words = `${'ä'.repeat(before)}${written}${'ö'.repeat(after)}`;
        for (const message of [oneLine(words), `HTTP 401 (${oneLine(`error ${oneLine(words)}`)})`]) {
          const left = /ä([^äö]*)/.exec(withoutSecrets(`ä${message.replace(/^.*?ä/, 'ä')}`, [key]))?.[1] ?? '';
          if (before > 0) expect(left.replace(/\)$/, '').replace('…', '').replace('***', '').length).toBeLessThan(4);
        }
      }),
    );
  });
});
