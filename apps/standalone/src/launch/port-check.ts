import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { commandLine, freeStorePort, listenFault } from '@app/embedded';

/** A port that a process is going to listen on. */
export interface WantedPort {
  /** Variable that sets it, e.g. `API_PORT`. */
  readonly variable: string;
  readonly port: number;
  readonly host: string;
}

/** Ports by the variable that sets each. */
export type PortNumbers = Readonly<Record<string, number>>;

/** Thrown before anything is started; the message has one line per port that cannot be had. */
export class PortsInUseError extends Error {
  override readonly name = 'PortsInUseError';
  /** Nobody waits for a port: whoever holds one was started before. */
  readonly exitStatus = 2;
}

/**
 * Makes sure that every port can be listened on; a port 0 is replaced by a free one.
 * @returns the ports by variable.
 * @throws PortsInUseError naming every one that cannot be had, who holds it where that can be seen, and the cure.
 */
export async function checkPorts(wanted: readonly WantedPort[]): Promise<PortNumbers> {
  const ports: Record<string, number> = {};
  const faults: string[] = [];
  for (const { variable, port, host } of wanted) {
    const twin = Object.keys(ports).find((other) => port !== 0 && ports[other] === port);
    ports[variable] = port === 0 ? await freeStorePort(`${process.pid} ${variable}`) : port;
    if (twin !== undefined) faults.push(`${variable} and ${twin} are both ${port}: set one of them to another port.`);
    else if (port !== 0) faults.push(...(await portFault({ variable, port, host })));
  }
  if (faults.length > 0) throw new PortsInUseError(faults.join('\n'));
  return ports;
}

async function portFault({ variable, port, host }: WantedPort): Promise<string[]> {
  // Some systems let one listen on every address beside another who listens on one, and the other gets the callers.
  const code =
    (await listenFault(port, host)) ?? (isEveryAddress(host) ? await listenFault(port, '127.0.0.1') : undefined);
  if (code === undefined) return [];
  if (code === 'EADDRINUSE') {
    const holder = listener(port);
    const by = holder === undefined ? '' : ` by process ${holder.pid} (${holder.command})`;
    return [`${variable} ${port} is in use${by}: end that process, or set ${variable} to another port.`];
  }
  if (code === 'EACCES')
    return [`${variable} ${port} may not be used by this user: set ${variable} to a port above 1023.`];
  const hostVariable = variable.replace(/_PORT$/, '_HOST');
  return [
    `${hostVariable} ${host} cannot be listened on (${code}): set ${hostVariable} to an address of this machine.`,
  ];
}

/** The address at which this machine itself reaches a server that listens there. */
export function reachableHost(host: string): string {
  if (isEveryAddress(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

/** Whether a server that listens there listens on every address of the machine. */
export function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** Who listens on a port, as Linux shows it in /proc; undefined elsewhere, and when the process is another user's. */
function listener(port: number): { pid: number; command: string } | undefined {
  const inodes = listeningInodes(port);
  const pids = quietly(() => readdirSync('/proc'), []).filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => openSockets(pid).some((inode) => inodes.has(inode)));
  return found === undefined
    ? undefined
    : { pid: Number(found), command: (commandLine(Number(found)) ?? '').trim().slice(0, 80) };
}

function listeningInodes(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  // proc(5): 1 local address in hexadecimal, 3 state, of which 0A is listening, 9 inode.
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    quietly(() => readFileSync(file, 'utf8'), '')
      .split('\n')
      .slice(1),
  );
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return new Set(fields.filter((row) => row[1]?.endsWith(`:${wanted}`) && row[3] === '0A').map((row) => row[9] ?? ''));
}

function openSockets(pid: string): string[] {
  const folder = `/proc/${pid}/fd`;
  return quietly(() => readdirSync(folder), []).flatMap((descriptor) => {
    // One may be closed while the others are read.
    const target = quietly(() => readlinkSync(`${folder}/${descriptor}`), '');
    return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
  });
}

/** What can be read, or the other value where it cannot: other users' processes are closed to us. */
function quietly<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
