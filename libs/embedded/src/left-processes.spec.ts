import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, type Child } from './child-process.js';
import { endLeftProcesses, noteProcesses } from './left-processes.js';
import { identify } from './process-identity.js';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-left-'));
const file = join(folder, 'processes.json');
const started: Child[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) await child.stop(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function endless(): Promise<Child> {
  const child = await startChild({
    name: 'left',
    command: process.execPath,
    arguments: ['-e', 'setInterval(() => undefined, 1000)'],
    environment: {},
  });
  started.push(child);
  return child;
}

describe('processes of an earlier launcher', () => {
  it('are ended when they still run', async () => {
    const children = [await endless(), await endless()];
    noteProcesses(
      file,
      children.map((child) => child.pid),
    );
    await endLeftProcesses(file);
    expect(children.map((child) => identify(child.pid))).toEqual([undefined, undefined]);
  });

  it('are not mistaken for a stranger who was given the number of one of them', async () => {
    const stranger = await endless();
    writeFileSync(file, JSON.stringify([{ pid: stranger.pid, began: 'long ago' }]));
    await endLeftProcesses(file);
    expect(identify(stranger.pid)).toBeDefined();
  });

  it('are none when nothing was noted', async () => {
    await endLeftProcesses(join(folder, 'none.json'));
  });
});
