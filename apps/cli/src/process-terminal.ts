import ora, { type Ora } from 'ora';
import { terminalAbilities } from '@app/config';
import type { Progress, Terminal } from './terminal.js';
import { columnsOf, hasColumns } from './terminal-columns.js';
import { wrapLines } from '@app/process';

/** A Ctrl-C often arrives twice, from the terminal and from npm: what comes so soon after the first is no second one, in milliseconds. */
const SAME_SIGNAL_MS = 500;

/** The streams of this process. A reader of its output that goes away, such as `head`, ends it quietly. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      complain(`error: the output cannot be written: ${error.message}\n`);
      process.exit(1);
    });
  }
  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort();
    // From then on a second one ends the process the hard way.
    setTimeout(() => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt);
    }, SAME_SIGNAL_MS).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  return {
    print: (text) => void process.stdout.write(text),
    complain,
    columns: columnsOf(process.stdout),
    input: process.stdin as AsyncIterable<Uint8Array>,
    progress,
    signal: interrupted.signal,
    now: Date.now,
  };
}

function complain(text: string): void {
  process.stderr.write(wrapLines(text, columnsOf(process.stderr)));
}

function progress(): Progress {
  const plain: Progress = { say: (text) => complain(`${text}\n`), end: () => undefined };
  if (!canMoveLines()) return plain;
  const colour = terminalAbilities().isColourless ? ({ color: false } as const) : {};
  // It must not take standard input, from which a command may still read.
  const spinner = ora({ discardStdin: false, stream: process.stderr, ...colour });
  let shown = movingLine(spinner);
  // Its frames would never end on a terminal of no columns.
  const stopWithoutColumns = (): void => {
    if (canMoveLines()) return;
    shown.end();
    shown = plain;
  };
  process.stderr.on('resize', stopWithoutColumns);
  return {
    say: (text) => shown.say(text),
    end: () => {
      process.stderr.off('resize', stopWithoutColumns);
      shown.end();
    },
  };
}

/** Whether a line can be moved and rewritten on standard error. */
function canMoveLines(): boolean {
  return hasColumns(process.stderr) && terminalAbilities().canMoveCursor;
}

function movingLine(spinner: Ora): Progress {
  return {
    say: (text) => void (spinner.isSpinning ? (spinner.text = text) : spinner.start(text)),
    end: () => void spinner.stop(),
  };
}
