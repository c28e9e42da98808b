import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Writes a small file in one step, readable by its owner alone: a crash leaves the old text or the new one, never half. */
export function keepText(file: string, text: string): void {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

/** Text of a small file without the line end; undefined when there is no such file or it is empty. */
export function keptText(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8').trim();
  return text === '' ? undefined : text;
}
