import { join } from 'node:path';
import { controlSettings, environmentWith, loadSettings } from '@app/config';
import { keptText } from '@app/embedded';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { findPrivateStore } from '../verify/find-database.js';
import { loadVerifySettings } from '../verify/verify-settings.js';
import type { AskedApi } from './api-client.js';

/** The user of the control API. */
const CONTROL_USER = 'tidemark';

/**
 * The control API that is asked: that of `--control`, else the scheduler of this machine; with the password of the address, else of
 * CONTROL_PASSWORD, else, for a scheduler of this machine alone, the one that it, `make demo` or `make start` has kept in TIDEMARK_HOME.
 * @throws UsageError for a wrong address, or without a password; SettingsError.
 */
export function findControl(address: string | undefined, terminal: Terminal): AskedApi {
  if (address !== undefined && !(/^https?:\/\/./.test(address) && URL.canParse(address)))
    throw new UsageError(`--control ${address}: give an address that begins with http:// or https://.`);
  const { environment = environmentWith({}) } = terminal;
  const settings = loadSettings(controlSettings, environment);
  const url = new URL(address ?? `http://127.0.0.1:${settings.CONTROL_PORT}`);
  // Also the address of the first version of the routes.
  url.pathname = url.pathname.replace(/(\/v1)?\/*$/, '');
  const description = `the control API at ${url.protocol}//${url.host}`;
  if (url.password === '') {
    const kept = isHere(url) ? keptPasswordOf(settings.TIDEMARK_HOME, environment) : undefined;
    const password = settings.CONTROL_PASSWORD ?? kept;
    if (password === undefined)
      throw new UsageError(`${description} has a password: set CONTROL_PASSWORD to that of the scheduler.`);
    url.username = CONTROL_USER;
    url.password = encodeURIComponent(password);
  }
  return { url: url.href.replace(/\/$/, ''), description };
}

/** Whether an address is one of this machine: what is kept here is sent nowhere else. */
function isHere({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function keptPasswordOf(home: string, environment: NodeJS.ProcessEnv): string | undefined {
  const own = keptText(join(home, 'control-password'));
  if (own !== undefined) return own.trim();
  const folder = findPrivateStore(loadVerifySettings(environment))?.folder;
  return folder === undefined ? undefined : keptText(join(folder, 'control-password'))?.trim();
}
