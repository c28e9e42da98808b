/** Where a process listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose one. */
  readonly port: number;
  /** Name of the variable that sets the port; that of the host differs from it in its end alone. */
  readonly portVariable: string;
}

/** Thrown when a process cannot listen; the message names the variable and the cure. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  /** @param exitStatus 1 when a new start may mend it, else 2. */
  constructor(
    message: string,
    readonly exitStatus: 1 | 2,
    options: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Turns what the system says of an address to listen on, such as "address already in use", into a sentence with the variable to change. */
export function explainListenError(error: unknown, { host, port, portVariable }: ListenAddress): Error {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const hostVariable = portVariable.replace(/_PORT$/, '_HOST');
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(
        `${portVariable} ${port} is in use: end the process that listens there, or set ${portVariable} to another port.`,
        1,
        { cause: error },
      );
    case 'EACCES':
      return new ListenError(
        `${portVariable} ${port} may not be used by this user: set ${portVariable} to a port above 1023.`,
        2,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EINVAL':
      // The address may come: an interface that is not up yet.
      return new ListenError(
        `${hostVariable} ${host} cannot be listened on (${code}): set ${hostVariable} to an address of this machine.`,
        1,
        { cause: error },
      );
    default:
      return error instanceof Error ? error : new Error(String(error));
  }
}
