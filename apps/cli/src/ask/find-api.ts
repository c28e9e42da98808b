import { basename, join } from 'node:path';
import { z } from 'zod';
import { environmentWith, loadSettings, questionSettings, readerPassword, type SettingsOf } from '@app/config';
import { keptText } from '@app/embedded';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';
import { findDatabase, type FoundDatabase, NoDatabaseError } from '../verify/find-database.js';
import { loadVerifySettings } from '../verify/verify-settings.js';
import { ApiClient, type AskedApi } from './api-client.js';
import { startApiProcess } from './api-process.js';

/** An API that answers. */
export interface FoundApi extends AskedApi {
  /** Ends what was started for it. */
  release(): Promise<void>;
}

/** An API on this machine says so within this time, in milliseconds. */
const LIVE_WITHIN_MS = 2_000;

/** An API that runs says within this time whether its prices are real, in milliseconds. */
const MODE_WITHIN_MS = 3_000;

type Mode = 'live' | 'simulated';

/** What is read of `/health`; an API of an earlier version says nothing of it. */
const healthSchema = z.object({ mode: z.enum(['live', 'simulated']).optional() });

/** What would name another database or another place to listen to than those that are decided here. */
const DECIDED = /^(DATABASE_URL|POSTGRES_.*|API_DATABASE_.*|API_HOST|API_PORT|PORT|API_DRAIN_SECONDS|LOG_LEVEL)$/;

/** What Postgres and its driver say of a user or a password that is wrong or not there. */
const REFUSED_LOGIN = /authentication failed|role "[^"]*" does not exist|SASL|no password supplied/;

const LOGIN_CURE =
  'API_DATABASE_PASSWORD is the password of the role that the API reads as (API_DATABASE_USER), API_DATABASE_URL the whole address as that role: set one of them to what `tidemark migrate` was given.';

/**
 * The API that a question is asked: that of `--api` or API_URL; else the one of this machine, when it runs; else one that is started
 * for the question, on the database that the environment names or on the private stores, as `verify` finds them.
 * Says on standard error which one it is.
 * @param address what `--api` says.
 * @param appsFolder folder with the compiled apps; default: where this file was compiled to.
 * @throws UsageError for a wrong address; SettingsError; Error saying why no API can be had.
 */
export async function findApi(address: string | undefined, terminal: Terminal, appsFolder?: string): Promise<FoundApi> {
  const settings = readSettings(address, terminal);
  if (settings.API_URL !== undefined) return running(settings.API_URL, terminal);
  const url = `http://127.0.0.1:${settings.API_PORT}`;
  const isAsked = asksThisMachine(terminal.environment);
  if (isAsked && (await isLive(url))) return running(url, terminal);
  const database = await databaseOf(settings, terminal, isAsked ? url : undefined);
  const note = modeNote(modeOf(database, terminal));
  const start = 'Asking an API that is started for this question, on the database:';
  terminal.complain(`${start} ${database.description}${note}.\n`);
  try {
    const environment = { ...inherited(terminal), ...databaseEnvironment(database, settings, terminal) };
    const api = await startApiProcess({ environment, signal: terminal.signal, appsFolder });
    return {
      url: api.url,
      description: 'the API that was started for this question',
      release: async () => {
        await api.stop();
        await database.release();
      },
    };
  } catch (error) {
    await database.release();
    if (terminal.signal?.aborted === true) throw error;
    const why = error instanceof Error ? error.message : String(error);
    const cure = REFUSED_LOGIN.test(why) && database.folder === undefined ? `. ${LOGIN_CURE}` : '';
    throw new Error(`The database cannot be asked: ${why}${cure}`, { cause: error });
  }
}

/**
 * Whether the API of this machine is asked first: not when the environment names a database or a mode, which whoever listens on the
 * usual port need not have, unless it names the port too.
 */
export function asksThisMachine(environment: NodeJS.ProcessEnv = environmentWith({})): boolean {
  const isNamed = (name: string): boolean => (environment[name] ?? '') !== '';
  const { databaseUrl, mode } = loadVerifySettings(environment);
  const isDatabaseNamed = databaseUrl !== undefined || mode !== undefined || isNamed('API_DATABASE_URL');
  return !isDatabaseNamed || isNamed('API_PORT') || isNamed('PORT');
}

type QuestionSettings = SettingsOf<typeof questionSettings>;

function readSettings(address: string | undefined, { environment = environmentWith({}) }: Terminal): QuestionSettings {
  if (address !== undefined && !(/^https?:\/\/./.test(address) && URL.canParse(address))) {
    throw new UsageError(`--api ${address}: give an address that begins with http:// or https://.`);
  }
  return loadSettings(questionSettings, { ...environment, ...(address === undefined ? {} : { API_URL: address }) });
}

async function running(address: string, terminal: Terminal): Promise<FoundApi> {
  const url = new URL(address);
  // Also the address of the first version of the routes.
  url.pathname = url.pathname.replace(/(\/v1)?\/*$/, '');
  [url.search, url.hash] = ['', ''];
  const whole = url.href.replace(/\/$/, '');
  [url.username, url.password] = ['', ''];
  const description = `the API at ${url.href.replace(/\/$/, '')}`;
  const api = { url: whole, description, release: async () => undefined };
  terminal.complain(`Asking ${description}${modeNote(await askMode(api, terminal.signal))}.\n`);
  return api;
}

/** Which prices an API has; undefined when it does not say so in time: the question itself finds out what is wrong. */
async function askMode(api: FoundApi, signal: AbortSignal | undefined): Promise<Mode | undefined> {
  const limit = AbortSignal.timeout(MODE_WITHIN_MS);
  const client = new ApiClient(api, signal === undefined ? limit : AbortSignal.any([limit, signal]));
  try {
    return (await client.get('/health', {}, healthSchema)).value.mode;
  } catch {
    return undefined;
  }
}

/** What is said of prices that are not real. */
function modeNote(mode: Mode | undefined): string {
  return mode === 'simulated' ? ' (simulated prices)' : '';
}

/** Which prices the API that is started expects of a database; it refuses one of the other kind. */
function modeOf({ folder }: FoundDatabase, { environment }: Terminal): Mode {
  if (folder === undefined) return loadVerifySettings(environment).mode ?? 'live';
  return basename(folder) === 'demo' ? 'simulated' : 'live';
}

/** Whether an API of Tidemark listens there; anything else may. */
async function isLive(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(LIVE_WITHIN_MS) });
    const { status } = (await answer.json()) as { status?: unknown };
    return answer.ok && status === 'ok';
  } catch {
    return false;
  }
}

async function databaseOf(
  { API_DATABASE_URL: readerUrl }: QuestionSettings,
  { environment, signal }: Terminal,
  asked: string | undefined,
): Promise<FoundDatabase> {
  const settings = loadVerifySettings(environment);
  try {
    const choice = { ...settings, databaseUrl: settings.databaseUrl ?? readerUrl };
    return await findDatabase(choice, { purpose: 'to ask', signal });
  } catch (error) {
    if (!(error instanceof NoDatabaseError)) throw error;
    const nobody = asked === undefined ? '' : `No API answers at ${asked}. `;
    throw new Error(`${nobody}${error.message}`, { cause: error });
  }
}

/** The variables by which an API reads this database: those that were set, with the password that follows from them, or the role that the launcher has made. */
function databaseEnvironment(
  database: FoundDatabase,
  settings: QuestionSettings,
  terminal: Terminal,
): Record<string, string> {
  const { folder, url } = database;
  const { environment = environmentWith({}) } = terminal;
  if (folder === undefined) {
    const given = chosen(environment, (name) => /^(DATABASE_URL|POSTGRES_|API_DATABASE_)/.test(name));
    const isGiven = settings.API_DATABASE_URL !== undefined || settings.API_DATABASE_PASSWORD !== undefined;
    const derived = isGiven ? undefined : readerPassword(settings);
    return derived === undefined ? given : { ...given, API_DATABASE_PASSWORD: derived };
  }
  const password = keptText(join(folder, 'api-database-password'));
  if (password === undefined) throw new Error(`nobody has started it yet. Run \`make ${makeTargetOf(folder)}\` first`);
  const reader = new URL(url);
  reader.username = settings.API_DATABASE_USER;
  reader.password = password.trim();
  return { API_DATABASE_URL: reader.href, TIDEMARK_MODE: modeOf(database, terminal) };
}

function makeTargetOf(folder: string): string {
  return basename(folder) === 'demo' ? 'demo' : 'start';
}

/** What the environment says besides what is decided here. */
function inherited({ environment = environmentWith({}) }: Terminal): Record<string, string> {
  return chosen(environment, (name) => !DECIDED.test(name));
}

function chosen(environment: NodeJS.ProcessEnv, isMeant: (name: string) => boolean): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && isMeant(name) ? [[name, value] as const] : [],
  );
  return Object.fromEntries(entries);
}
