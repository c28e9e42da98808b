import { lacksKey, planOf, type Source, takesKey } from '@app/sources';
import { alignColumns } from '../align-columns.js';
import { knownSources } from '../known-sources.js';
import { type CliSettings, readCliSettings } from '../cli-settings.js';
import type { Terminal } from '../terminal.js';
import { TidemarkCommand } from '../tidemark-command.js';
import { wrapLines } from '@app/process';
import { describeHealth, type SourceHealth } from './describe-health.js';

/** `sources`: what there is to ask, under which limits, and how each stands. */
export function sourcesCommand(terminal: Terminal): TidemarkCommand {
  const command = new TidemarkCommand('sources', terminal, TEXTS);
  command.option('--json', 'print one JSON object').action(async (options: { json?: true }) => {
    const sources = await knownSources(terminal);
    const settings = readCliSettings(terminal, sources);
    // Only here: what leads to the database takes longer to load than all the rest.
    const { readHealth } = await import('./read-health.js');
    const health = await readHealth(terminal);
    const described = sources.map((source) => describe(source, settings, health, terminal.now()));
    if (options.json === true) {
      const note = typeof health === 'string' ? health : null;
      terminal.print(`${JSON.stringify({ sources: described, note }, null, 2)}\n`);
    } else terminal.print(render(described, health, terminal.columns));
  });
  return command;
}

type DescribedSource = ReturnType<typeof describe>;

function describe(source: Source, { access }: CliSettings, health: SourceHealth | string, nowMs: number) {
  const reached = access[source.name];
  const plan = planOf(source, reached);
  const state = typeof health === 'string' ? undefined : health.get(source.id);
  return {
    source: source.name,
    title: source.title,
    plan: plan.name,
    plans: source.plans.map(({ name }) => name),
    url: reached?.baseUrl ?? plan.baseUrl,
    key: keyOf(source, reached?.apiKey !== undefined, lacksKey(source, reached)),
    limit: { calls: plan.limit.calls, per_seconds: plan.limit.perSeconds, origin: plan.limit.origin },
    month: plan.monthly === undefined ? null : { ...plan.monthly, used: state?.usedThisMonth ?? null },
    endpoints: source.endpoints.map(({ name, maxBatch }) => ({ name, tickers_per_call: maxBatch })),
    health: describeHealth(source, health, nowMs),
  };
}

/** Whether a key is there and used; never the key. */
function keyOf(source: Source, isSet: boolean, isNeeded: boolean): string {
  if (isSet) return 'set';
  if (isNeeded) return 'needed, not set';
  return source.plans.some(takesKey) ? 'not set' : 'none taken';
}

function render(sources: readonly DescribedSource[], health: SourceHealth | string, columns: number): string {
  const head = ['SOURCE', 'PLAN', 'KEY', 'LIMIT', 'MONTH', 'TICKERS A CALL'];
  const rows = sources.map(({ source, plan, key, limit, month, endpoints }) => [
    source,
    plan,
    key,
    `${limit.calls} in ${limit.per_seconds} s`,
    month === null ? '-' : `${month.used === null ? '' : `${month.used} of `}${month.credits}`,
    String(Math.max(...endpoints.map((endpoint) => endpoint.tickers_per_call))),
  ]);
  const states = sources.map((source) => `  ${source.source}: ${source.health}`);
  const origins = sources.flatMap(({ source, limit, month }) => [
    `  ${source}: ${limit.origin}`,
    ...(month === null ? [] : [`  ${source}, month: ${month.origin}`]),
  ]);
  const sections = [
    ...(typeof health === 'string' ? [health] : [['Health:', ...states].join('\n')]),
    ['Where the limits come from:', ...origins].join('\n'),
  ];
  return `${alignColumns([head, ...rows], columns)}\n${wrapLines(sections.join('\n\n'), columns)}\n`;
}

const TEXTS = {
  summary: 'list the sources with their limits and health',
  description: `Lists the sources: the plan that holds, whether a key is set, the published limit and where it comes from, what a month allows and what of it is used, how many tickers one call takes, and how each source stands with the fleet.

Health and used credits come from the database of DATABASE_URL or POSTGRES_*, else from the private stores of \`make demo\` or \`make start\` in TIDEMARK_HOME while they run; all else needs neither database nor network. Keys are never shown.

The table has the most tickers that one call takes; --json has every endpoint.`,
  examples: [
    'tidemark sources',
    'tidemark sources --json',
    'COINGECKO_API_KEY=... COINGECKO_PLAN=pro tidemark sources',
  ],
} as const;
