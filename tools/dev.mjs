// Runs the demo, or the process that is named, and compiles every source that is saved: node tools/dev.mjs [api|scheduler|worker].
// A file is compiled by itself, in milliseconds, and its types are not checked: that is for the editor, and for `make check-static`.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tsconfigPathsBeforeHookFactory } from '@nestjs/cli/lib/compiler/hooks/tsconfig-paths.hook.js';
import ts from 'typescript';
import { outputsOf, readConfiguration } from './build.mjs';

/** Editors write a file in several steps. */
const CALM_MS = 30;
/** How many files are compiled for nothing at the start. */
const WARM_UP_FILES = 20;

const name = process.argv[2];
const words = name === undefined ? ['dist/apps/standalone/src/main.js', 'demo'] : ['dist/apps/cli/src/main.js', name];
const { options } = readConfiguration();
const compilerOptions = {
  ...options,
  // What a single file becomes in this package.
  module: ts.ModuleKind.ES2022,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};
const outputs = (source) => outputsOf(source).map((output) => path.join(options.outDir, output));

let child;
let ending = false;
let known = scan();
const folders = new Map();

/** Every source with what changes when it is saved. */
function scan() {
  const { fileNames } = readConfiguration();
  return new Map(
    fileNames.flatMap((file) => {
      const { mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? {};
      return size === undefined ? [] : [[file, `${mtimeMs} ${size}`]];
    }),
  );
}

function transpile(file) {
  return ts.transpileModule(readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions,
    reportDiagnostics: true,
    transformers: { before: [tsconfigPathsBeforeHookFactory(options)] },
  });
}

function compile(file) {
  const { outputText, sourceMapText, diagnostics } = transpile(file);
  if (diagnostics.length > 0) {
    const host = { getCanonicalFileName: (text) => text, getCurrentDirectory: process.cwd, getNewLine: () => '\n' };
    console.error(ts.formatDiagnosticsWithColorAndContext(diagnostics, host));
    return;
  }
  const [program, map] = outputs(file);
  mkdirSync(path.dirname(program), { recursive: true });
  writeFileSync(program, outputText);
  writeFileSync(map, sourceMapText);
}

function takeChanges() {
  const now = scan();
  const changed = [...now.keys()].filter((file) => now.get(file) !== known.get(file));
  const gone = [...known.keys()].filter((file) => !now.has(file));
  known = now;
  watchFolders();
  if (changed.length + gone.length === 0) return;
  // The next `make build` compiles everything: what is written here differs in small things from what it writes.
  for (const note of ['.built', '.tsbuildinfo']) rmSync(path.join(options.outDir, note), { force: true });
  for (const file of gone) for (const output of outputs(file)) rmSync(output, { force: true });
  for (const file of changed) compile(file);
  writeFileSync(path.join(options.outDir, '.changed'), '');
  console.log(`compiled: ${[...changed, ...gone].map((file) => path.relative('', file)).join(', ')}`);
  if (child === undefined) start();
}

/** Folder by folder: what is watched file by file gets lost when an editor puts another file in its place. */
function watchFolders() {
  for (const folder of new Set([...known.keys()].map((file) => path.dirname(file)))) {
    if (folders.has(folder)) continue;
    let timer;
    const watcher = watch(folder, () => {
      clearTimeout(timer);
      timer = setTimeout(takeChanges, CALM_MS);
    });
    folders.set(folder, watcher);
    watcher.on('error', () => folders.delete(folder));
  }
}

function start() {
  child = spawn(process.execPath, ['--import', new URL('dev-restart.mjs', import.meta.url).href, ...words], {
    stdio: 'inherit',
  });
  child.once('exit', (code) => {
    child = undefined;
    if (ending) process.exit(code ?? 1);
    console.log(`${name ?? 'the demo'} has ended; it is started again after the next change`);
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    ending = true;
    if (child === undefined) process.exit(0);
    child.kill(signal);
  });
}
watchFolders();
start();
// The first file takes a compiler half a second, the next a few milliseconds: these are nobody's first.
for (const file of [...known.keys()].slice(0, WARM_UP_FILES)) transpile(file);
