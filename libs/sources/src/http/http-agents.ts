import http from 'node:http';
import https from 'node:https';

/** How connections are made. */
export interface HttpAgentsOptions {
  /**
   * `http://[user:password@]host:port` of a proxy for https targets; plain http targets, such as a simulator, are
   * reached directly.
   */
  readonly httpsProxy?: string | undefined;
  /**
   * Hosts that are reached directly all the same, with the names below them: `localhost,.example.com` or `*`. With a
   * port, `example.org:8443`, it is that host alone.
   */
  readonly noProxy?: string | undefined;
}

/** The agents of got, by protocol. */
export interface HttpAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

/**
 * 16 connections per host: Deribit allows 32 per address, and more than one worker may share it. Idle ones are closed
 * after 20 s, before the usual limits of servers and routers (60 s and more), because a call on a connection that the
 * other side has just closed fails.
 */
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 16, maxFreeSockets: 8, timeout: 20_000 } as const;

/** The keep-alive connections of one client, direct or through a proxy. */
export class ConnectionPool {
  readonly agents: HttpAgents;

  /**
   * @throws Error when the proxy is no http or https URL; the message does not repeat it, for it may hold a password.
   */
  constructor(options: HttpAgentsOptions) {
    const proxy = options.httpsProxy ?? '';
    if (proxy !== '' && (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol))) {
      throw new Error('The https proxy is not a URL that begins with http:// or https://.');
    }
    const proxyEnv = { HTTPS_PROXY: proxy, NO_PROXY: asNodeReads(options.noProxy ?? '') };
    this.agents = { http: new http.Agent(AGENT_OPTIONS), https: new https.Agent({ ...AGENT_OPTIONS, proxyEnv }) };
  }

  /** Closes every connection, also those in use. */
  destroy(): void {
    this.agents.http.destroy();
    this.agents.https.destroy();
  }
}

/**
 * curl and others let a bare name in NO_PROXY stand for itself and all names below it, Node for itself alone: it is
 * given the name and, with a dot in front, what is below. Node knows commas alone, and no brackets.
 */
function asNodeReads(noProxy: string): string {
  const names = noProxy.split(/[\s,]+/).map((entry) => entry.replace(/^\*?\./, '').replace(/[[\]]/g, ''));
  return names
    .filter(Boolean)
    .flatMap((name) => (name === '*' ? name : [name, `.${name}`]))
    .join(',');
}
