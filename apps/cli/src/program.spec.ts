import {
  apiSettings,
  healthSettings,
  migrateSettings,
  schedulerSettings,
  simulatorSettings,
  variablesOf,
  workerSettings,
} from '@app/config';
import { keptTerminal } from '../../../test/support/cli-terminal.js';
import { PROCESS_COMMANDS } from './processes.js';
import { runCli } from './program.js';

const COLUMNS = 80;

async function said(...words: string[]) {
  const terminal = keptTerminal({ columns: COLUMNS });
  const status = await runCli(words, terminal);
  return { status, printed: terminal.printed(), complained: terminal.complained() };
}

/** The lines of a help that stand below one of its headings. */
function below(help: string, heading: RegExp): string[] {
  const lines = help.split('\n');
  const start = lines.findIndex((line) => heading.test(line)) + 1;
  return lines.slice(start, lines.indexOf('', start));
}

const QUESTIONS = ['latest', 'prices', 'gaps', 'explain', 'tickers'];
const ALONE = ['sources', 'fetch', 'parse'];
const NAMES = [...QUESTIONS, ...ALONE, 'etl', ...PROCESS_COMMANDS.map(({ name }) => name)];

describe('the help of the command line', () => {
  it('begins with what Tidemark is, and lists every command in one line', async () => {
    const { status, printed } = await said('--help');
    expect(status).toBe(0);
    expect(printed).toMatch(/^Tidemark: .+\n\nUsage: tidemark <command> \[options\]\n/);
    const listed = [/^Ask for /, /^Without a database:/, /^Look after/, /^Processes, /].flatMap((heading) =>
      below(printed, heading),
    );
    expect(listed.map((line) => line.trim().split(' ')[0]).toSorted()).toEqual(NAMES.toSorted());
    expect(below(printed, /^Examples:/).length).toBeGreaterThan(3);
  });

  it('is what is shown, with status 2, to whom names no command', async () => {
    const { status, printed, complained } = await said();
    expect({ status, printed }).toEqual({ status: 2, printed: '' });
    expect(complained).toBe((await said('--help')).printed);
  });

  it.each(NAMES)('of %s is the same by --help, -h and help, with a usage and an example', async (name) => {
    const { status, printed } = await said(name, '--help');
    expect(status).toBe(0);
    expect(printed).toMatch(new RegExp(`^Usage: tidemark ${name} `));
    expect(below(printed, /^Examples:/)[0]).toContain(`tidemark ${name}`);
    expect((await said(name, '-h')).printed).toBe(printed);
    expect((await said('help', name)).printed).toBe(printed);
  });

  it.each([[], ...NAMES.map((name) => [name])])('of %s fits %i columns', async (...name) => {
    const { printed } = await said(...name, '--help');
    expect(printed.split('\n').filter((line) => line.length > COLUMNS)).toEqual([]);
  });

  it('uses the columns that there are', async () => {
    const terminal = keptTerminal({ columns: 160 });
    await runCli(['fetch', '--help'], terminal);
    expect(
      Math.max(
        ...terminal
          .printed()
          .split('\n')
          .map(({ length }) => length),
      ),
    ).toBeGreaterThan(120);
  });

  it.each([
    ['all', { ...workerSettings, ...apiSettings }],
    ['api', apiSettings],
    ['health', healthSettings],
    ['migrate', migrateSettings],
    ['scheduler', schedulerSettings],
    ['simulator', simulatorSettings],
    ['worker', workerSettings],
  ])('of %s names in one line variables that it reads', async (name, settings) => {
    const { printed } = await said(name, '--help');
    const [line = ''] = /^Reads .*docs\/configuration\.md$/m.exec(printed) ?? [];
    const named = line.match(/[A-Z_]{4,}/g) ?? [];
    const known = variablesOf(settings);
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((variable) => !known.includes(variable))).toEqual([]);
  });

  it('tells the version of package.json', async () => {
    const { status, printed } = await said('--version');
    expect(status).toBe(0);
    expect(printed).toMatch(/^tidemark \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+\)\n$/);
    expect((await said('-V')).printed).toBe(printed);
  });
});

describe('words that are wrong', () => {
  it.each<[string, RegExp]>([
    ['prase', /unknown command 'prase'\n\(Did you mean parse\?\)/],
    ['verfy --json', /Did you mean verify\?/],
    ['helth', /Did you mean health\?/],
    ['help sorces', /unknown command 'sorces'; did you mean sources\?\n/],
    ['sources --jsn', /Did you mean --json\?/],
    ['verify --jsno', /Did you mean --json\?\)\nUsage: tidemark verify/],
    ['fetch --tickr btc_usd', /Did you mean --ticker\?\)\nUsage: tidemark fetch \[options\]\nExample: tidemark fetch /],
    ['fetch --ticker', /argument missing\nUsage: tidemark fetch \[options\]\nExample: tidemark fetch /],
    ['fetch --ticker btc_usd --source krakn', /There is no source krakn; did you mean kraken\?/],
    [
      'parse --source kraken --tickers btc_usd',
      /missing required argument 'file'\nUsage: tidemark parse .*<file>\nExample/,
    ],
    ['replay --form 2025-12-01 --to 2025-12-02', /Did you mean --from\?/],
    ['parse --sorce kraken --tickers btc_usd -', /Did you mean --source\?/],
    ['replay', /--from <instant> is missing\nUsage: tidemark replay \[options\]\nExample: tidemark replay --from/],
    ['api --port 8000', /unknown option '--port'\nUsage: tidemark api/],
    ['worker now', /too many arguments for 'worker'.*\nUsage: tidemark worker/],
    ['xyzzy', /unknown command 'xyzzy'\n\(tidemark --help lists what there is\)/],
  ])('%s: named with the nearest right ones and status 2', async (line, complaint) => {
    const { status, printed, complained } = await said(...line.split(' '));
    expect({ status, printed }).toEqual({ status: 2, printed: '' });
    expect(complained).toMatch(complaint);
    expect(complained).not.toMatch(/^ +at /m);
  });
});
