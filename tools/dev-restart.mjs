// Loaded first by every process of `make dev`: ends the process when a file that it runs has been compiled anew. Who started it
// starts it again.
import { readFileSync, watch } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const DIST = new URL('../dist/', import.meta.url);
// The launcher loads a good deal of libs as well, and would take the stores down with it: it obeys its own files alone.
const LAUNCHER = new URL('apps/standalone/', DIST);
const watched = process.argv[1]?.startsWith(fileURLToPath(LAUNCHER)) ? LAUNCHER : DIST;

const loaded = new Map();
registerHooks({
  load(url, context, next) {
    const result = next(url, context);
    if (url.startsWith(watched.href) && result.source) loaded.set(url, Buffer.from(result.source));
    return result;
  },
});

const isStale = () => [...loaded].some(([url, source]) => !source.equals(readFileSync(new URL(url))));

watch(DIST, (_event, name) => {
  if (name !== '.changed') return;
  try {
    if (!isStale()) return;
  } catch {
    // A file of it is gone.
  }
  process.kill(process.pid, 'SIGTERM');
}).unref();
