/** What a simulated source answers. */
export interface SourceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer in JSON. */
export function jsonAnswer(status: number, headers: Readonly<Record<string, string>>, body: unknown): SourceAnswer {
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

const TITLES: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

/** The page that nginx puts before a service that does not answer. */
export function nginxAnswer(status: number): SourceAnswer {
  const title = `${status} ${TITLES[status] ?? 'Error'}`;
  const body =
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
    '<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';
  return { status, headers: { server: 'nginx', 'content-type': 'text/html' }, body };
}

/** The page that Cloudflare puts before a service that does not answer, or that it guards. */
export function cloudflareAnswer(host: string, status: number): SourceAnswer {
  const title = `${status}: ${CLOUDFLARE_TITLES[status] ?? 'Error'}`;
  const body =
    `<!DOCTYPE html>\n<html lang="en-US">\n<head><title>${host} | ${title}</title></head>\n` +
    `<body><h1>Error ${title}</h1><p>Cloudflare</p></body>\n</html>\n`;
  return { status, headers: { server: 'cloudflare', 'content-type': 'text/html; charset=UTF-8' }, body };
}

const CLOUDFLARE_TITLES: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Time-out',
};
