import ora from 'ora';
import type { Progress, Terminal } from './terminal.js';

/** A Ctrl-C often arrives twice, from the terminal and from npm: what comes so soon after the first is no second one, in milliseconds. */
const SAME_SIGNAL_MS = 500;

/** The streams of this process. A reader of its output that goes away, such as `head`, ends it quietly. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
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
    complain: (text) => void process.stderr.write(text),
    input: process.stdin as AsyncIterable<Uint8Array>,
    progress,
    signal: interrupted.signal,
    now: Date.now,
  };
}

function progress(): Progress {
  if (!process.stderr.isTTY) return { say: (text) => void process.stderr.write(`${text}\n`), end: () => undefined };
  // It must not take standard input, from which a command may still read.
  const spinner = ora({ discardStdin: false, stream: process.stderr });
  return {
    say: (text) => void (spinner.isSpinning ? (spinner.text = text) : spinner.start(text)),
    end: () => void spinner.stop(),
  };
}
