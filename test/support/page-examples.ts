import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A block of code of a page, with what the page shows as its output. */
export interface PageExample {
  readonly language: string;
  readonly code: string;
  /** The heading that it stands under. */
  readonly heading: string;
  /** The line of the page on which the code begins, from 1. */
  readonly line: number;
  /** The block of JSON or text that follows it; undefined when the page shows nothing. */
  readonly shown: { readonly language: string; readonly text: string } | undefined;
}

/** Languages of what is shown, and not run. */
const OUTPUTS = new Set(['json', 'text']);

/** The text of a page. @param page from the root of the repository, such as `docs/quick-start.md`. */
export function readPage(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** Every example of a page, in its order. */
export function examplesOf(page: string): PageExample[] {
  const text = readPage(page);
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] ?? '',
    code: match[2] ?? '',
    heading: [...text.slice(0, match.index).matchAll(/^#{1,6} (.+)$/gm)].at(-1)?.[1] ?? '',
    line: text.slice(0, match.index).split('\n').length + 1,
  }));
  return blocks.flatMap((block, index): PageExample[] => {
    if (OUTPUTS.has(block.language)) return [];
    const next = blocks[index + 1];
    const shown =
      next !== undefined && OUTPUTS.has(next.language) ? { language: next.language, text: next.code } : undefined;
    return [{ ...block, shown }];
  });
}

/** How the blocks of a language are run as one program, and what prints {@link SEPARATOR} between two of them. */
export interface Language {
  readonly program: string;
  readonly args: readonly string[];
  readonly separate: string;
}

/** Stands in the output between two examples. */
const SEPARATOR = '\u001e';

/** The languages of the pages besides Python. */
export const LANGUAGES = {
  bash: { program: 'bash', args: ['-euo', 'pipefail', '-s'], separate: String.raw`printf '\036'` },
  js: {
    program: process.execPath,
    args: ['--input-type=module', '-'],
    separate: String.raw`process.stdout.write('\u001e');`,
  },
} satisfies Record<string, Language>;

/** Python with pandas, that of the PATH or Debian's; undefined when there is none. */
export function pythonWithPandas(): Language | undefined {
  const program = ['python3', '/usr/bin/python3'].find((name) => spawnSync(name, ['-c', 'import pandas']).status === 0);
  return program === undefined
    ? undefined
    : { program, args: ['-'], separate: String.raw`print('\x1e', end='', flush=True)` };
}

/**
 * Runs pieces of code as one program, one after another, as a reader would.
 * @param folder where it runs, and leaves its files.
 * @returns what each piece wrote. @throws Error with what it wrote to standard error when it fails.
 */
export async function runAsOne(language: Language, codes: readonly string[], folder: string): Promise<string[]> {
  const child = spawn(language.program, language.args, { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
  let [output, faults] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (faults += chunk.toString()));
  child.stdin.end(codes.map((code) => `${code}\n${language.separate}\n`).join(''));
  const status = await new Promise((resolve) => child.once('close', resolve));
  if (status !== 0) throw new Error(`${language.program} ended with ${String(status)}: ${faults}\nAfter: ${output}`);
  return output.split(SEPARATOR).slice(0, -1);
}
