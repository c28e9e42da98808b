/** What an error says. One of several tries at one address (`AggregateError`) says nothing by itself, its causes do. */
export function describeFault(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeFault).join(', ');
  return error instanceof Error ? error.message : String(error);
}
