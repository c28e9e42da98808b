import http from 'node:http';
import https from 'node:https';
import { HttpsProxyAgent } from 'hpagent';

/** How connections are made. */
export interface HttpAgentsOptions {
  /**
   * `http://[user:password@]host:port` of a proxy for https targets; plain http targets, such as a simulator, are
   * reached directly.
   */
  readonly httpsProxy?: string | undefined;
  /** Hosts that are reached directly all the same: `localhost,.example.com,example.org:8443` or `*`. */
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
  private readonly http = new http.Agent(AGENT_OPTIONS);
  private readonly direct = new https.Agent(AGENT_OPTIONS);
  private readonly proxied: https.Agent | undefined;
  private readonly exceptions: readonly string[];

  /**
   * @throws Error when the proxy is no http or https URL; the message does not repeat it, for it may hold a password.
   */
  constructor(options: HttpAgentsOptions) {
    this.exceptions = (options.noProxy ?? '')
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean);
    const proxy = options.httpsProxy ?? '';
    if (proxy === '') return;
    if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
      throw new Error('The https proxy is not a URL that begins with http:// or https://.');
    }
    this.proxied = new HttpsProxyAgent({ ...AGENT_OPTIONS, proxy });
  }

  /** The agents that lead to this address. */
  agentsFor(url: URL): HttpAgents {
    const https = this.proxied === undefined || isExcepted(url, this.exceptions) ? this.direct : this.proxied;
    return { http: this.http, https };
  }

  /** Closes every connection, also those in use. */
  destroy(): void {
    this.http.destroy();
    this.direct.destroy();
    this.proxied?.destroy();
  }
}

/** NO_PROXY as curl reads it: a name stands for itself and all names below it, with or without a dot in front. */
function isExcepted(url: URL, exceptions: readonly string[]): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? '443' : url.port;
  return exceptions.some((exception) => {
    if (exception === '*') return true;
    const [, name = '', onlyPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(exception.replace(/^\*?\./, '')) ?? [];
    if (onlyPort !== undefined && onlyPort !== port) return false;
    return host === name || host.endsWith(`.${name}`);
  });
}
