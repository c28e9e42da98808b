/** Where a process listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose one. */
  readonly port: number;
  /** Name of the variable that sets the port. */
  readonly portVariable: string;
}

/** Turns "address already in use" into a sentence that names the variable to change. */
export function explainListenError(error: unknown, variable: string, port: number): Error {
  if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE') {
    return new Error(
      `${variable} ${port} is in use: end the process that listens there, or set ${variable} to another port.`,
      {
        cause: error,
      },
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
