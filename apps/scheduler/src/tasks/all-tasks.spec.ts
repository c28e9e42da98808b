import { readdir } from 'node:fs/promises';
import { allTasks } from './all-tasks.js';

describe('the list of the periodic tasks', () => {
  it('has each declared task once, named like its file', async () => {
    const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith('.task.ts'));
    // What the tasks are made from is asked only when they run.
    const tasks = allTasks({ now: Date.now, ingestion: { intervalSeconds: 0 } } as never);
    expect(tasks.map(({ name }) => `${name}.task.ts`).sort()).toEqual(files.sort());
  });
});
