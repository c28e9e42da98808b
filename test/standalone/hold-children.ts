import { startChild } from '../../libs/embedded/src/child-process.js';

// A launcher for a test to kill: it starts one child that ends when asked and one that does not listen, and prints their pids.
const willing = 'console.log("up"); setInterval(() => undefined, 1000);';
const stubborn = `process.on('SIGTERM', () => undefined); ${willing}`;

for (const [name, script] of Object.entries({ willing, stubborn })) {
  const child = await startChild({
    name,
    command: process.execPath,
    arguments: ['-e', script],
    environment: {},
    onLine: () => process.stdout.write(`${name} ${child.pid}\n`),
  });
}
