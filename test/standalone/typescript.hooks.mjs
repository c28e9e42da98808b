// Lets `node --experimental-transform-types --import <this>` run the sources as they stand, so that a test can start a
// program of its own that uses them, and kill it, without a build.
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);

registerHooks({
  resolve(specifier, context, next) {
    const [lib, folder] = /^@app\/([^/]+)(\/.+)?$/.exec(specifier)?.slice(1) ?? [];
    if (lib !== undefined) return next(new URL(`libs/${lib}/src${folder ?? ''}/index.ts`, root).href, context);
    if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(fileURLToPath(source))) return next(source.href, context);
    }
    return next(specifier, context);
  },
});
