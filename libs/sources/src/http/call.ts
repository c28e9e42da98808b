import got, { type Response } from 'got';
import { type Source, SourceError, type SourceResponse } from '../contract/index.js';
import type { HttpAgents } from './http-agents.js';

/** One GET request, and its bounds. */
export interface Call {
  /** May hold the key; never logged and never part of an error. */
  readonly url: URL;
  readonly agents: HttpAgents;
  readonly userAgent: string;
  /** Carries the key; never logged and never part of an error. */
  readonly keyHeader?: readonly [name: string, value: string] | undefined;
  /**
   * Ends the call wherever it stands: in the queue for a connection, before the first byte, between two of the body.
   */
  readonly signal: AbortSignal;
  readonly maxBodyBytes: number;
}

/** A refusal is recognised by its status; this much of its body, in bytes, is enough for the source's own words. */
export const MAX_REFUSAL_BYTES = 65_536;

/**
 * Makes one call and reads its answer, with whatever status. There is no second attempt (the queue makes those, and
 * each of them is counted), no redirect and no cookie.
 * @throws SourceError when the body is over-long; otherwise whatever the transport throws.
 */
export async function makeCall(source: Source, call: Call): Promise<SourceResponse> {
  const stream = got.stream(call.url, {
    agent: call.agents,
    headers: {
      accept: 'application/json',
      'user-agent': call.userAgent,
      ...(call.keyHeader === undefined ? {} : { [call.keyHeader[0]]: call.keyHeader[1] }),
    },
    signal: call.signal,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
  });
  let response: Response | undefined;
  stream.once('response', (arrived: Response) => (response = arrived));
  // A stream that is left early may still report the connection that we cut ourselves.
  stream.on('error', () => undefined);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (response?.statusCode !== 200 && bytes >= MAX_REFUSAL_BYTES) break;
      if (bytes > call.maxBodyBytes) {
        throw new SourceError('malformed', source.name, `the body is longer than ${call.maxBodyBytes} bytes`);
      }
    }
  } catch (error) {
    // A refusal stands, even when its body breaks off.
    if (response === undefined || response.statusCode === 200) throw error;
  } finally {
    stream.destroy();
  }
  if (response === undefined) throw new SourceError('malformed', source.name, 'no answer');
  return {
    status: response.statusCode,
    headers: joinHeaders(response.headers),
    // Drops a byte order mark, and replaces what is no UTF-8; neither can turn into a digit.
    body: new TextDecoder().decode(Buffer.concat(chunks)),
  };
}

function joinHeaders(headers: Response['headers']): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}
