import { wrapLines } from '@app/process';
import type { LauncherMode } from './launcher-settings.js';

/** What is printed at start. */
export interface BannerFacts {
  readonly mode: LauncherMode;
  /** Undefined when the catalogue decides. */
  readonly intervalSeconds: number | undefined;
  readonly apiUrl: string;
  /** Where the API listens, in sentences; the first begins with `apiUrl`. */
  readonly apiAddresses: readonly string[];
  readonly controlUrl: string;
  /** Undefined when the simulator does not run. */
  readonly simulatorUrl: string | undefined;
  /** Undefined when it was set by the environment, which is not repeated. */
  readonly controlPassword: string | undefined;
  readonly queueStore: string;
  readonly databasePort: number;
  readonly folder: string;
  /** Where the database lives when not in that folder. */
  readonly databaseMovedTo: string | undefined;
  /** Width of the terminal. */
  readonly columns: number;
}

/** Where the second column begins. */
const TEXT_COLUMN = 15;

/** What runs where, and how to end it: the lines that the launcher prints at start. */
export function bannerLines(facts: BannerFacts): string[] {
  const { mode, intervalSeconds, apiUrl, controlUrl, folder, columns } = facts;
  const what = mode === 'demo' ? 'simulated prices' : 'real prices';
  const pace = intervalSeconds === undefined ? 'sampled as the catalogue says' : `sampled every ${intervalSeconds} s`;
  const login =
    facts.controlPassword === undefined ? 'the password of CONTROL_PASSWORD' : `password ${facts.controlPassword}`;
  const moved = facts.databaseMovedTo === undefined ? '' : `, in ${facts.databaseMovedTo}`;
  const rows: [string, readonly (string | undefined)[]][] = [
    ['API', facts.apiAddresses],
    ['Try', [`${apiUrl}/prices?ticker=btc_usd&limit=5`]],
    ['API docs', [`${apiUrl}/docs`]],
    ['Queue board', [`${controlUrl}/queues`, `user tidemark, ${login}`]],
    ['Queue store', [facts.queueStore]],
    ['Database', [`Postgres of its own on port ${facts.databasePort}${moved}`]],
    ['Simulator', [facts.simulatorUrl]],
    ['Data folder', [folder]],
    ['Logs', [`${folder}/logs`]],
    ['Stop', ['Ctrl-C']],
  ];
  const shown = rows.flatMap(([name, texts]) =>
    texts.filter((text) => text !== undefined).map((text, index) => row(index === 0 ? `  ${name}` : '', text, columns)),
  );
  return ['', wrapLines(`Tidemark: ${what}, ${pace}`, columns), '', ...shown, ''].flatMap((text) => text.split('\n'));
}

function row(name: string, text: string, columns: number): string {
  return wrapLines(`${name.padEnd(TEXT_COLUMN)}${text}`, columns);
}
