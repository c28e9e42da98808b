import { z } from 'zod';
import { UsageError } from '../usage-error.js';

/** An answer of the API: as it came, and read. */
export interface ApiAnswer<Value> {
  /** One line of JSON. */
  readonly text: string;
  readonly value: Value;
}

/** An API that is asked. */
export interface AskedApi {
  /** Address without a slash at the end; it may hold a password. */
  readonly url: string;
  /** Who answers, in words and without a password. */
  readonly description: string;
}

/** A question: names and values of the query; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** Thrown when a question has no answer, with what the API said of it. Ends the command with status 1. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** What of a request is no address and no login. */
interface SentRequest {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The API itself asks its database for less time. */
const ANSWER_WITHIN_MS = 60_000;

const problemSchema = z.object({
  type: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ parameter: z.string(), detail: z.string() })).optional(),
});

/** Asks the routes of an API. */
export class ApiClient {
  private readonly base: string;
  private readonly headers: Record<string, string>;

  constructor(
    private readonly api: AskedApi,
    private readonly signal?: AbortSignal,
  ) {
    const url = new URL(api.url);
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    // fetch() takes no address with a password in it.
    this.headers =
      user === '' ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    [url.username, url.password] = ['', ''];
    this.base = url.href.replace(/\/$/, '');
  }

  /**
   * Asks one route. @param schema what is read of the answer; it may have more.
   * @throws UsageError when the question is wrong (400, or a ticker that is not known); NoAnswerError when there is no answer.
   */
  async get<Value>(path: string, query: Query, schema: z.ZodType<Value>): Promise<ApiAnswer<Value>> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const parameters = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
    return this.ask(`${path}?${parameters.toString()}`, {}, schema);
  }

  /** Sends a body to one route, as JSON. Else as {@link get}. */
  async post<Value>(path: string, sent: unknown, schema: z.ZodType<Value>): Promise<ApiAnswer<Value>> {
    const headers = { 'content-type': 'application/json' };
    return this.ask(path, { method: 'POST', body: JSON.stringify(sent), headers }, schema);
  }

  private async ask<Value>(path: string, request: SentRequest, schema: z.ZodType<Value>): Promise<ApiAnswer<Value>> {
    const { ok, status, text } = await this.fetch(`/v1${path}`, request);
    const body = parseJson(text);
    if (!ok) throw faultOf(body, status, this.api.description);
    const read = schema.safeParse(body);
    if (!read.success)
      throw new NoAnswerError(`${this.api.description} does not answer as a Tidemark of this version.`);
    return { text: text.trim(), value: read.data };
  }

  private async fetch(route: string, request: SentRequest): Promise<{ ok: boolean; status: number; text: string }> {
    const limit = AbortSignal.timeout(ANSWER_WITHIN_MS);
    try {
      const signal = this.signal === undefined ? limit : AbortSignal.any([limit, this.signal]);
      const answer = await fetch(`${this.base}${route}`, {
        ...request,
        signal,
        headers: { ...this.headers, ...request.headers },
      });
      return { ok: answer.ok, status: answer.status, text: await answer.text() };
    } catch (error) {
      if (this.signal?.aborted === true) throw error;
      const { cause = error } = error as { cause?: unknown };
      const { code, message } = cause as { code?: string; message?: string };
      const why = limit.aborted ? `no answer within ${ANSWER_WITHIN_MS / 1000} s` : (code ?? message ?? String(cause));
      throw new NoAnswerError(`${this.api.description} cannot be reached: ${why}`, { cause: error });
    }
  }
}

/** What a refusal says, as an error of the command. */
function faultOf(body: unknown, status: number, description: string): Error {
  const problem = problemSchema.safeParse(body);
  if (!problem.success) return new NoAnswerError(`${description} does not answer as a Tidemark: HTTP ${status}`);
  const { type, detail, errors = [] } = problem.data;
  const all = errors.length > 1 ? errors.map((error) => `${error.parameter} ${error.detail}`).join('\n  ') : detail;
  return status === 400 || type.endsWith(':unknown-ticker') ? new UsageError(all) : new NoAnswerError(all);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
