import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** The log of one child on disk, bounded: when it is full it becomes `<file>.1`, the older one of which is dropped. */
export class LogFile {
  private descriptor: number | undefined;
  private bytes = 0;

  /** @param maxBytes how much one file holds; two are kept. Default 10 MB. */
  constructor(
    private readonly file: string,
    private readonly maxBytes: number = 10_000_000,
  ) {}

  /**
   * Adds a line. Written at once: the last lines before a crash are the ones that matter, and there are few a second.
   * @throws what the disk throws.
   */
  write(line: string): void {
    const data = Buffer.from(`${line}\n`);
    if (this.descriptor !== undefined && this.bytes > 0 && this.bytes + data.length > this.maxBytes) this.turnOver();
    this.descriptor ??= this.open();
    this.bytes += writeSync(this.descriptor, data);
  }

  /** Closes the file; a later line opens it again. */
  close(): void {
    if (this.descriptor === undefined) return;
    closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private open(): number {
    const descriptor = openSync(this.file, 'a', 0o600);
    this.bytes = fstatSync(descriptor).size;
    return descriptor;
  }

  private turnOver(): void {
    this.close();
    renameSync(this.file, `${this.file}.1`);
  }
}
