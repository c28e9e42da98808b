import type { LauncherMode } from './launcher-settings.js';

/** What is printed at start. */
export interface BannerFacts {
  readonly mode: LauncherMode;
  /** Undefined when the catalogue decides. */
  readonly intervalSeconds: number | undefined;
  readonly apiUrl: string;
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
}

/** What runs where, and how to end it: the lines that the launcher prints at start. */
export function bannerLines(facts: BannerFacts): string[] {
  const { mode, intervalSeconds, apiUrl, controlUrl, folder } = facts;
  const what = mode === 'demo' ? 'simulated prices' : 'real prices';
  const pace = intervalSeconds === undefined ? 'sampled as the catalogue says' : `sampled every ${intervalSeconds} s`;
  const login =
    facts.controlPassword === undefined ? 'the password of CONTROL_PASSWORD' : `password ${facts.controlPassword}`;
  const moved = facts.databaseMovedTo === undefined ? '' : `, in ${facts.databaseMovedTo}`;
  const rows: [string, string | undefined][] = [
    ['API', `${apiUrl}   try ${apiUrl}/prices?ticker=btc_usd&limit=5`],
    ['API docs', `${apiUrl}/docs`],
    ['Queue board', `${controlUrl}/queues   user tidemark, ${login}`],
    ['Queue store', facts.queueStore],
    ['Database', `Postgres of its own on port ${facts.databasePort}${moved}`],
    ['Simulator', facts.simulatorUrl],
    ['Data folder', folder],
    ['Logs', `${folder}/logs`],
    ['Stop', 'Ctrl-C'],
  ];
  const shown = rows.filter(([, text]) => text !== undefined);
  return ['', `Tidemark: ${what}, ${pace}`, '', ...shown.map(([name, text]) => `  ${name.padEnd(12)} ${text}`), ''];
}
