import { sendProblem, type ProblemError } from '@app/process/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { forbidden, unsupportedBody } from './problem.js';

/**
 * Refuses what a page of another site can make a browser send: the browser adds the login that it remembers by itself, so
 * the login alone does not tell who asks. Clients that are no browsers send neither header and are not affected.
 */
export function refuseCrossSiteRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const problem = refusalOf(request);
    if (problem === undefined) done();
    else sendProblem(reply, request, problem);
  });
}

/** Methods that change nothing. */
const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** `none` is what the user typed or opened from a bookmark. https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

function refusalOf(request: FastifyRequest): ProblemError | undefined {
  if (READING_METHODS.has(request.method)) return undefined;
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (typeof site === 'string' && !OWN_SITES.has(site)) {
    return forbidden(`A page of another site (Sec-Fetch-Site: ${site.slice(0, 20)}) may change nothing here.`);
  }
  // Browsers leave Sec-Fetch-Site away where there is no TLS, except on localhost. Where it is there it decides alone: a
  // proxy in front may have rewritten the host that an origin is compared with.
  if (site === undefined && origin !== undefined && !isOrigin(origin, host)) {
    return forbidden('A page of another site (its Origin is not this host) may change nothing here.');
  }
  // A form can send any other type without asking first; to JSON the browser of another site has to be allowed.
  return hasBody(request) && !isJson(request.headers['content-type']) ? unsupportedBody() : undefined;
}

function isOrigin(origin: string, host: string | undefined): boolean {
  const asking = URL.parse(origin);
  // Read as an address of the same scheme, so that a port that is the default one may be named or not.
  return asking !== null && asking.host !== '' && asking.host === URL.parse(`${asking.protocol}//${host ?? ''}`)?.host;
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}
