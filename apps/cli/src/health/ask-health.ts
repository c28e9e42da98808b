/** What one port said. */
export type PortHealth =
  | { readonly state: 'ready' }
  | { readonly state: 'not listening' }
  | { readonly state: 'not ready'; readonly reason: string };

/** How long a process may take to answer, in milliseconds: `/readyz` itself asks its stores for two seconds at most. */
const ANSWER_WITHIN_MS = 4_000;

/** Asks the process that listens on a port of this machine whether it is ready. Never throws. */
export async function askPort(port: number): Promise<PortHealth> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal });
    const body = await answer.text();
    return answer.ok ? { state: 'ready' } : { state: 'not ready', reason: reasonIn(body) };
  } catch (error) {
    // fetch puts what went wrong into the cause.
    const { cause = error } = error as { cause?: unknown };
    const { code, message } = cause as { code?: unknown; message?: unknown };
    if (code === 'ECONNREFUSED') return { state: 'not listening' };
    return { state: 'not ready', reason: String(message) };
  }
}

/**
 * What is said of a container by its ports: undefined when all is well, else why not.
 * @param expected the port of each process that must listen.
 */
export function whyUnhealthy(
  ports: ReadonlyMap<number, PortHealth>,
  expected: Readonly<Record<string, number>> = {},
): string | undefined {
  const states = [...ports.values()];
  const missing = Object.entries(expected).flatMap(([name, port]) =>
    ports.get(port)?.state === 'not listening' ? [`the ${name} is missing: nothing listens on port ${port}`] : [],
  );
  const unready = [...ports].flatMap(([port, health]) =>
    health.state === 'not ready' ? [`port ${port}: ${health.reason}`] : [],
  );
  const faults = [...missing, ...unready];
  if (faults.length > 0) return faults.join('\n');
  if (states.every(({ state }) => state === 'not listening'))
    return `nothing listens on ${[...ports.keys()].join(', ')}; where processes have other ports, set API_PORT,\nCONTROL_PORT, WORKER_PORT and SIMULATOR_PORT as they have them`;
  return undefined;
}

/** The processes that are ready, with their ports, for people. @param processes the port of each process that there may be. */
export function readyAmong(
  ports: ReadonlyMap<number, PortHealth>,
  processes: Readonly<Record<string, number>>,
): string {
  return Object.entries(processes)
    .filter(([, port]) => ports.get(port)?.state === 'ready')
    .map(([name, port]) => `${name} (${port})`)
    .join(', ');
}

/** The reasons of a body: `reasons` or `reason` of scheduler and worker, `detail` of a problem document; else the body itself. */
function reasonIn(body: string): string {
  try {
    const { reasons, reason, detail } = JSON.parse(body) as Record<string, unknown>;
    const said = Array.isArray(reasons) ? reasons.join('; ') : (reason ?? detail);
    return typeof said === 'string' ? said : body;
  } catch {
    return body;
  }
}
