/** How much of an error is logged: its causes, and of each the frames that lead into our own code. */
const MOST_CAUSES = 4;
const FRAMES_OF_ONE = 6;
const FRAMES_OF_EACH_OF_SEVERAL = 2;

/** A message stands whole in `message`: in the stack its beginning tells which error it is. */
const MOST_LETTERS_IN_STACK = 120;

/** An error as it is logged: plain values, bounded. */
export interface LoggedError {
  readonly type: string;
  /** Its message and those of its causes. */
  readonly message: string;
  /** Of it and of its causes: a line that names each, and where it was thrown. */
  readonly stack: string;
  readonly code?: unknown;
}

/**
 * What is logged of an error; what is none stays as it is. Libraries hang on theirs whatever they had in hand, secrets too: the error of
 * a Redis that refuses a log-in carries the password among the arguments of the command. Frames of Node and of packages are left out
 * where there are others: a whole stack is longer than a line of the log may be.
 */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  try {
    return describe(error);
  } catch {
    // Some say who they are only by failing: a getter that throws, a message that cannot be a text.
    return { type: 'Error', message: 'an error that cannot be described', stack: '' } satisfies LoggedError;
  }
}

function describe(error: Error): LoggedError {
  const chain = chainOf(error);
  const frames = chain.length === 1 ? FRAMES_OF_ONE : FRAMES_OF_EACH_OF_SEVERAL;
  const code = 'code' in error && typeof error.code !== 'object' ? error.code : undefined;
  return {
    type: nameOf(error),
    message: chain
      .map(messageOf)
      .filter((text) => text !== '')
      .join(': '),
    stack: chain.map((one) => stackOf(one, frames)).join('\ncaused by: '),
    code,
  };
}

/** The error and its causes; of several at once (`AggregateError`), the first stands for all. */
function chainOf(error: Error): Error[] {
  const chain: Error[] = [];
  for (
    let next: unknown = error;
    next instanceof Error && !chain.includes(next) && chain.length < MOST_CAUSES;
    next = causeOf(next)
  )
    chain.push(next);
  return chain;
}

function causeOf(error: Error): unknown {
  return error.cause ?? (error instanceof AggregateError ? (error.errors as unknown[])[0] : undefined);
}

function stackOf(error: Error, most: number): string {
  const lines = typeof error.stack === 'string' ? error.stack.split('\n') : [];
  const frames = lines.filter((line) => /^\s+at /.test(line)).map((line) => `    ${line.trim()}`);
  const own = frames.filter((frame) => !/node:|[\\/]node_modules[\\/]/.test(frame));
  const shown = (own.length > 0 ? own : frames).slice(0, most);
  const message = messageOf(error);
  const start = message.length > MOST_LETTERS_IN_STACK ? `${message.slice(0, MOST_LETTERS_IN_STACK)}…` : message;
  return [`${nameOf(error)}: ${start}`, ...shown].join('\n');
}

function nameOf(error: Error): string {
  return typeof error.constructor === 'function' && error.constructor.name !== ''
    ? error.constructor.name
    : String(error.name);
}

function messageOf(error: Error): string {
  return String(error.message);
}
