import ora from 'ora';
import type { Progress, Terminal } from './terminal.js';

/** The streams of this process. A reader of its output that goes away, such as `head`, ends it quietly. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  }
  const interrupted = new AbortController();
  // Once: a second Ctrl-C ends the process the hard way.
  process.once('SIGINT', () => interrupted.abort());
  process.once('SIGTERM', () => interrupted.abort());
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
