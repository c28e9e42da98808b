// Runs a TypeScript program of a test on the compiled apps and libs: node test/support/run-on-build.mjs <file>. What it takes of them
// is what ships; what it takes of test/ is read as it stands.
import { registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '../..');

registerHooks({
  resolve(specifier, context, next) {
    if (!context.parentURL?.startsWith(pathToFileURL(path.join(root, 'test')).href)) return next(specifier, context);
    const [lib, folder] = /^@app\/([^/]+)(\/.+)?$/.exec(specifier)?.slice(1) ?? [];
    if (lib !== undefined) return next(compiled(`libs/${lib}/src${folder ?? ''}/index.js`), context);
    if (!specifier.startsWith('.') || !specifier.endsWith('.js')) return next(specifier, context);
    const file = path.relative(root, fileURLToPath(new URL(specifier, context.parentURL)));
    return next(file.startsWith('test') ? specifier.replace(/\.js$/, '.ts') : compiled(file), context);
  },
});

function compiled(file) {
  return pathToFileURL(path.join(root, 'dist', file)).href;
}

await import(pathToFileURL(path.resolve(process.argv[2])).href);
