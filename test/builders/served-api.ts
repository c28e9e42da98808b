import { startApi, type ApiOptions } from '../../apps/api/src/api.js';
import { documentedReplies } from '../support/documented-replies.js';
import { createLogBook, type LogBook } from '../support/log-lines.js';

/** An answer, with its body as text and, when it is JSON, as what it says. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What an answer looks like is what tests are about.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
}

/** An API that listens on a port of loopback, in this process. */
export interface ServedApi {
  readonly url: string;
  readonly book: LogBook;
  /** Resolves with what it would have ended for. */
  readonly fatal: Promise<Error>;
  /** Asks; fails when the reply is not what its route documents. */
  get(path: string, init?: RequestInit): Promise<Answer>;
  /** Waits until the API has logged an event, from the given line of its log on. */
  logged(event: string, fromLine?: number): Promise<void>;
  /** Tells it that it will be closed. */
  end(): void;
  close(): Promise<void>;
}

/** Home, metrics and documentation. */
const UNDOCUMENTED = /^\/(home\.js|metrics|docs(\/.*)?|openapi\.json)?$/;

/** Serves a database as its reader; what is left out: simulated prices and the real clock. */
export async function serveApi(databaseUrl: string, options: Partial<ApiOptions> = {}): Promise<ServedApi> {
  const book = createLogBook();
  const fatal = Promise.withResolvers<Error>();
  const given: ApiOptions = {
    databaseUrl,
    mode: 'simulated',
    logger: book.logger,
    onFatal: fatal.resolve,
    ...options,
  };
  const api = await startApi(given, { host: '127.0.0.1', port: 0 });
  const check = documentedReplies(api.app, UNDOCUMENTED);
  const { url } = api;
  return {
    url,
    book,
    fatal: fatal.promise,
    get: async (path, init) => {
      const answer = await request(url + path, init);
      check({ ...answer, method: init?.method ?? 'GET', path });
      return answer;
    },
    logged: async (event, fromLine = 0) => {
      while (!book.lines.slice(fromLine).some((line) => line['event'] === event)) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    end: () => api.end(),
    close: () => api.close(),
  };
}

/** Serves a database and waits until its prices can be asked for. */
export async function serveReadyApi(databaseUrl: string, options: Partial<ApiOptions> = {}): Promise<ServedApi> {
  const api = await serveApi(databaseUrl, options);
  await api.logged('ready');
  return api;
}

async function request(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}
