// Compiles apps and libs to dist: what has changed since the last time and what depends on it, or all where nothing is there.
// `nest build` checks the types of everything every time; it emits first, so that TypeScript keeps nothing of what it checked.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { tsconfigPathsBeforeHookFactory } from '@nestjs/cli/lib/compiler/hooks/tsconfig-paths.hook.js';
import ts from 'typescript';

const CONFIGURATION = 'tsconfig.build.json';

/** Reads how to compile, for the folder that the process stands in. */
export function readConfiguration() {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (fault) => report([fault]) };
  return ts.getParsedCommandLineOfConfigFile(path.resolve(CONFIGURATION), {}, host);
}

/** What a source file becomes, relative to the output folder; nothing for declarations. */
export function outputsOf(source) {
  const name = path.relative('', source);
  if (name.startsWith('..') || name.startsWith('node_modules') || name.endsWith('.d.ts')) return [];
  if (!name.endsWith('.ts')) return [name];
  return ['.js', '.js.map'].map((ending) => name.replace(/\.ts$/, ending));
}

/** @returns whether everything compiled; faults are printed, and then dist stays as it is. */
function build() {
  const { options, fileNames, errors } = readConfiguration();
  // TypeScript believes that what it once wrote is still there.
  if (fileNames.flatMap(outputsOf).some((name) => !existsSync(path.join(options.outDir, name)))) {
    rmSync(options.tsBuildInfoFile, { force: true });
  }
  const program = ts.createIncrementalProgram({ rootNames: fileNames, options, configFileParsingDiagnostics: errors });
  const faults = ts.getPreEmitDiagnostics(program);
  if (faults.length > 0) return report(faults);
  const { diagnostics } = program.emit(undefined, undefined, undefined, undefined, {
    before: [tsconfigPathsBeforeHookFactory(options)],
  });
  if (diagnostics.length > 0) return report(diagnostics);
  const sources = program.getSourceFiles().map(({ fileName }) => fileName);
  removeOthers(options.outDir, new Set(sources.flatMap(outputsOf)));
  return true;
}

/** What a source that was removed or renamed has left. Notes of make and of TypeScript begin with a dot. */
function removeOthers(outDir, expected) {
  for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isDirectory() && !entry.name.startsWith('.') && !expected.has(path.relative(outDir, file))) rmSync(file);
  }
}

function report(faults) {
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: process.cwd, getNewLine: () => '\n' };
  console.error(ts.formatDiagnosticsWithColorAndContext(faults, host));
  return false;
}

if (import.meta.main) process.exitCode = build() ? 0 : 1;
