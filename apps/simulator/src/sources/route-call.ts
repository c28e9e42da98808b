import type { IncomingMessage } from 'node:http';
import type { Asked, SimulatedSource, SourceRequest, SourceRoute } from './simulated-source.js';

/** A call with the route of its source that answers it. */
export interface RoutedCall {
  readonly request: SourceRequest;
  /** Undefined when the source does not have the path. */
  readonly route: SourceRoute | undefined;
  readonly asked: Asked;
  /** The tickers behind the names, as far as the source knows them. */
  readonly tickers: readonly string[];
}

/** Finds the route for a call. A slash at the end of the path makes no difference. */
export function routeOf(source: SimulatedSource, message: IncomingMessage): RoutedCall {
  const [fullPath = '/', search = ''] = (message.url ?? '/').split(/\?(.*)/s);
  const inside = fullPath === source.prefix || fullPath.startsWith(`${source.prefix}/`);
  // What lies beside the base address keeps its whole path: a call to a wrong place shows in the log.
  const path = (inside ? fullPath.slice(source.prefix.length) : fullPath).replace(/\/+$/, '');
  const query = new URLSearchParams(search);
  for (const route of inside ? source.routes : []) {
    const parameter = parameterOf(route.path, path);
    if (parameter === undefined) continue;
    const request = requestOf(message, path, parameter, query);
    const asked = route.asked?.(request) ?? { names: [] };
    return { request, route, asked, tickers: tickersOf(source, asked.names, request) };
  }
  const request = requestOf(message, path, '', query);
  return { request, route: undefined, asked: { names: [] }, tickers: [] };
}

function requestOf(message: IncomingMessage, path: string, parameter: string, query: URLSearchParams): SourceRequest {
  return {
    path,
    parameter,
    query: (name) => query.getAll(name).at(-1),
    header: (name) => {
      const value = message.headers[name];
      return Array.isArray(value) ? value.at(-1) : value;
    },
  };
}

/** What stands in the place of `{}`; undefined when the path is another one. */
function parameterOf(pattern: string, path: string): string | undefined {
  if (!pattern.includes('{}')) return pattern === path ? '' : undefined;
  const [before = '', after = ''] = pattern.split('{}');
  if (!path.startsWith(before) || !path.endsWith(after) || path.length <= before.length + after.length)
    return undefined;
  const part = path.slice(before.length, path.length - after.length);
  if (part.includes('/')) return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function tickersOf(source: SimulatedSource, names: readonly string[], request: SourceRequest): readonly string[] {
  const quotes = source.quotesOf?.(request) ?? [''];
  return names.flatMap((name) => quotes.flatMap((quote) => source.formsOf(name, quote)[0]?.ticker ?? []));
}
