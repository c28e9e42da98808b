/** The environment of this process with some variables set otherwise: for a child that is to get what this process has found out. */
export function environmentWith(values: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...values };
}

/** What the environment says of the terminal, whatever Tidemark is set to. */
export interface TerminalAbilities {
  /** Whether it understands codes that move the cursor. */
  readonly canMoveCursor: boolean;
  /** https://no-color.org: `NO_COLOR` that is set to anything but nothing forbids colours. */
  readonly isColourless: boolean;
}

/** Reads `TERM` and `NO_COLOR`. */
export function terminalAbilities(environment: NodeJS.ProcessEnv = process.env): TerminalAbilities {
  return {
    canMoveCursor: environment['TERM'] !== 'dumb',
    isColourless: (environment['NO_COLOR'] ?? '') !== '',
  };
}
