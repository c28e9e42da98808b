import type { INestApplicationContext } from '@nestjs/common';
import { problemSchema, routeAnswers, V1 } from '@app/openapi';
import { z } from 'zod';

/** A reply, as far as its schema is about it. */
export interface Reply {
  readonly method: string;
  /** Path and query that were asked for. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Makes the check that every reply of an application is what its routes document: a problem document, or the answer of its
 * route with one of its statuses. @param undocumented paths that answer something else with success.
 * @returns throws an error that names the reply and every field that is not as documented.
 */
export function documentedReplies(app: INestApplicationContext, undocumented: RegExp): (reply: Reply) => void {
  const routes = routeAnswers(app).map((route) => ({
    ...route,
    pattern: new RegExp(`^(${V1})?${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));
  return ({ method, path, status, headers, text }) => {
    const [pathname = ''] = path.split('?', 1);
    if (method === 'HEAD') return;
    const [mediaType] = (headers.get('content-type') ?? '').split(';', 1);
    const route = routes.find((one) => one.method === method && one.pattern.test(pathname));
    const reply = `${method} ${path.slice(0, 200)} with ${status} ${mediaType}`;
    if (mediaType === 'application/problem+json') {
      parse(reply, problemSchema.extend({ status: z.literal(status) }), JSON.parse(text));
      return;
    }
    if (undocumented.test(pathname)) return;
    if (route === undefined) throw new Error(`${reply}: no route documents it`);
    const { schema, statuses = [200], mediaType: documentedType = 'application/json' } = route.answer;
    if (!statuses.includes(status) || mediaType !== documentedType) {
      throw new Error(`${reply}: documented are ${statuses.join(', ')} ${documentedType}`);
    }
    parse(reply, schema, mediaType === 'application/json' ? JSON.parse(text) : text);
  };
}

function parse(reply: string, schema: z.ZodType, content: unknown): void {
  const { error } = schema.safeParse(content);
  if (error !== undefined) throw new Error(`${reply} is not as documented:\n${z.prettifyError(error)}`);
}
