import type { Terminal } from '../terminal.js';
import { TidemarkCommand } from '../tidemark-command.js';
import { UsageError } from '../usage-error.js';

/** `tickers add`: the tickers of the greatest assets. @param finish receives the status of what does not fit. */
export function addTickersCommand(terminal: Terminal, finish: (status: number) => void): TidemarkCommand {
  const command = new TidemarkCommand('add', terminal, TEXTS);
  return command
    .neededOption('--top <count>', 'how many assets, by market capitalisation: 1 to 500')
    .option('--quote <currency>', 'the currency of the prices', 'usd')
    .option('--interval <seconds>', 'how often each is sampled (default: see above)')
    .option('--sources <names>', 'who may be asked, with commas between (default: all that say what they list)')
    .option('--dry-run', 'only show what would be added')
    .option('--control <url>', 'the control API to ask (default: the scheduler of this machine, CONTROL_PORT)')
    .option('--json', "print the control API's own answer")
    .action(async (_own: GivenOptions, self: TidemarkCommand) => {
      // `tickers` has --json too, and takes it wherever it stands.
      const given = self.optsWithGlobals<GivenOptions>();
      if (given.api !== undefined)
        throw new UsageError(
          `--api ${given.api} is asked for prices and adds nothing: give --control, the address of the control API.`,
        );
      const asked = {
        top: readWhole('--top', given.top),
        quote: given.quote.toLowerCase(),
        interval_seconds: given.interval === undefined ? undefined : readWhole('--interval', given.interval),
        sources: given.sources?.split(',').map((name) => name.trim()),
        dry_run: given.dryRun === true,
      };
      // Only here: what leads to the private stores takes longer to load than the help.
      const { addTickers } = await import('./add-tickers.js');
      const isFitting = await addTickers(terminal, asked, { control: given.control, asJson: given.json === true });
      if (!isFitting) finish(1);
    });
}

interface GivenOptions {
  readonly top: string;
  readonly quote: string;
  readonly interval?: string;
  readonly sources?: string;
  readonly dryRun?: true;
  readonly control?: string;
  readonly api?: string;
  readonly json?: true;
}

function readWhole(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`${option} ${text}: give a whole number, 1 or more.`);
  return Number(text);
}

const TEXTS = {
  summary: 'sample the greatest assets, from whoever lists them',
  description: `Adds a ticker for each of the greatest assets of the lists that were read, from the sources that are known to list it: what a source calls it comes from the links of assets (tidemark etl assets), or from the source's own list of markets. The first source is asked in every slot, the others stand by: they are asked when those before them have failed.

Left out, with the reason, is what is pegged to a currency or another asset, what has a symbol that others have too, what no source lists, and what somebody has disabled. What is sampled already stays as it is, so that the same command again adds nothing.

Shows what it costs at each source against its limit and its month. When that is too much nothing is added at all, and the cure is said. Without --interval tickers are sampled every 60 s, and those that only sources with a month have as often as their credits allow: every 60, 300, 900 or 3600 s.

Asks the control API of --control with the password in its address, else of CONTROL_PASSWORD, else the one in TIDEMARK_HOME. Ends with status 1 when it does not fit.`,
  examples: [
    'tidemark tickers add --top 100 --quote usd --dry-run',
    'tidemark tickers add --top 100 --quote usd',
    'tidemark tickers add --top 20 --interval 300 --sources coinpaprika,coingecko',
  ],
} as const;
