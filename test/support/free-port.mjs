import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/**
 * Below the ports that systems hand out by themselves, and below those of the private stores: nobody but this file takes one of these
 * by chance. A port that the system says is free may be somebody else's a moment later.
 */
const FIRST_PORT = 10_000;
const PORT_COUNT = 10_000;

/** One of each user: another's may not be written to. */
const CLAIMS = path.join(os.tmpdir(), `tidemark-test-ports-${os.userInfo().uid}`);

/**
 * A port of loopback on which nobody listens, and which no other test is given while this process lives.
 * @returns {Promise<number>}
 * @throws Error when there is none.
 */
export async function freePort() {
  mkdirSync(CLAIMS, { recursive: true });
  const first = Math.floor(Math.random() * PORT_COUNT);
  for (let step = 0; step < PORT_COUNT; step += 1) {
    const port = FIRST_PORT + ((first + step) % PORT_COUNT);
    if (claim(port) && (await mayListen(port))) return port;
  }
  throw new Error(`no port from ${FIRST_PORT} to ${FIRST_PORT + PORT_COUNT - 1} of 127.0.0.1 is free`);
}

/** A claim is a file with the number of the process that holds it; that of a process which has ended is taken over. */
function claim(port) {
  const file = path.join(CLAIMS, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!lives(holderOf(file))) rmSync(file, { force: true });
    return false;
  }
}

function holderOf(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function lives(pid) {
  // 0: a file that is being written or removed; it is left to its process.
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function mayListen(port) {
  return new Promise((resolve) => {
    const server = net.createServer().once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
