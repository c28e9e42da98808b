import fc from 'fast-check';
import { inspect } from 'node:util';
import { type Source, SourceError } from '../contract/index.js';
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
});
