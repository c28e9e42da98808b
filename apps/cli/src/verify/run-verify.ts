import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkSchema, createPool, verifyDatabase, type Finding, type Verification } from '@app/storage';
import { findDatabase, type FoundDatabase } from './find-database.js';
import { isProven, renderText } from './render-findings.js';
import { SimulatorPrices } from './simulator-prices.js';
import { loadVerifySettings } from './verify-settings.js';

/** What `verify` runs in. */
export interface VerifyContext {
  /** Writes the result. */
  readonly print: (text: string) => void;
  /** Writes why there is none. */
  readonly complain: (text: string) => void;
  /** Default: the one of this process. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Folder with the compiled apps; default: where this file was compiled to. */
  readonly appsFolder?: string;
}

/** Exit codes: all proven that can be; something is broken; nothing could be checked. */
const PROVEN = 0;
const BROKEN = 1;
const NOT_CHECKED = 2;

/** Of the compiled apps. */
const APPS_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

/** What only a run with faults and its logs can tell. */
const FAULT_FINDINGS: readonly Finding[] = [
  unprovenHere('I3', 'whatever was acknowledged is in the table'),
  unprovenHere('I5', 'after a fault the first new sample comes within one interval'),
];

/** Runs `verify [--json]`. @returns its exit code. */
export async function runVerify(argv: readonly string[], context: VerifyContext): Promise<number> {
  const { print, complain } = context;
  const asJson = argv.includes('--json');
  if (argv.some((argument) => argument !== '--json')) {
    complain('Usage: tidemark verify [--json] (in a checkout: `make verify`)');
    return NOT_CHECKED;
  }
  let database: FoundDatabase | undefined;
  try {
    const settings = loadVerifySettings(context.environment);
    database = await findDatabase(settings);
    if (!asJson) print(`Database: ${database.description}`);
    const verification = await verify(database.url, settings.simulatorUrl, context.appsFolder);
    const isGood = isProven(verification.findings);
    if (asJson) print(toJson(database, verification));
    else for (const line of renderText(verification)) print(line);
    return isGood ? PROVEN : BROKEN;
  } catch (error) {
    complain(`Nothing was verified: ${error instanceof Error ? error.message : String(error)}`);
    return NOT_CHECKED;
  } finally {
    await database?.release();
  }
}

async function verify(url: string, simulatorUrl: string | undefined, appsFolder = APPS_FOLDER): Promise<Verification> {
  await requireSchema(url);
  const expected = new SimulatorPrices(join(appsFolder, 'simulator/src/main.js'), simulatorUrl);
  try {
    const { horizon, findings } = await verifyDatabase(url, expected.expectedPricesOf);
    const inOrder = [...findings, ...FAULT_FINDINGS].sort((left, right) =>
      left.invariant.localeCompare(right.invariant),
    );
    return { horizon, findings: inOrder };
  } finally {
    await expected.stop();
  }
}

async function requireSchema(url: string): Promise<void> {
  const pool = createPool({ url, applicationName: 'tidemark-verify', maxConnections: 1, onIdleError: () => undefined });
  try {
    const schema = await checkSchema(pool);
    if (!schema.fits) throw new Error(schema.advice);
  } finally {
    await pool.end();
  }
}

function toJson({ description }: FoundDatabase, { horizon, findings }: Verification): string {
  const verdict = isProven(findings) ? 'proven' : 'broken';
  return JSON.stringify({ database: description, verdict, ...horizon, findings }, null, 2);
}

function unprovenHere(invariant: 'I3' | 'I5', title: string): Finding {
  const reason = 'a database alone cannot tell: `make test-faults` proves it';
  return { invariant, title, status: 'unproven', figures: [], problems: [], reason };
}
