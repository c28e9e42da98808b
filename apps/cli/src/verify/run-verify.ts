import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkSchema, createPool, verifyDatabase, type Finding, type Verification } from '@app/storage';
import { runAlone } from '../run-alone.js';
import type { Terminal } from '../terminal.js';
import { wrapLines } from '@app/process';
import { findDatabase, type FoundDatabase } from './find-database.js';
import { isProven, renderText } from './render-findings.js';
import { SimulatorPrices } from './simulator-prices.js';
import { verifyCommand } from './verify-arguments.js';
import { loadVerifySettings, type VerifySettings } from './verify-settings.js';

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

/**
 * Runs `verify`. Never throws.
 * @param appsFolder folder with the compiled apps; default: where this file was compiled to.
 * @returns its exit code.
 */
export async function runVerify(words: readonly string[], terminal: Terminal, appsFolder?: string): Promise<number> {
  let status = PROVEN;
  const command = verifyCommand(terminal, async ({ json }) => {
    status = await printVerification(json === true, terminal, appsFolder);
  });
  return runAlone(command, words, {
    terminal,
    status: () => status,
    whenMisused: NOT_CHECKED,
    failure: 'Nothing was verified',
  });
}

async function printVerification(asJson: boolean, terminal: Terminal, appsFolder?: string): Promise<number> {
  const print = (text: string): void => terminal.print(`${wrapLines(text, terminal.columns)}\n`);
  const settings = loadVerifySettings(terminal.environment);
  const database = await findDatabase(settings, { signal: terminal.signal });
  try {
    if (!asJson) print(`Database: ${database.description}`);
    const verification = await verify(database.url, settings, appsFolder);
    if (asJson) terminal.print(`${toJson(database, verification)}\n`);
    else for (const line of renderText(verification)) print(line);
    return isProven(verification.findings) ? PROVEN : BROKEN;
  } finally {
    await database.release();
  }
}

async function verify(
  url: string,
  { simulatorUrl, sourcesFile }: VerifySettings,
  appsFolder = APPS_FOLDER,
): Promise<Verification> {
  await requireSchema(url);
  const expected = new SimulatorPrices(join(appsFolder, 'simulator/src/main.js'), simulatorUrl, sourcesFile);
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
