import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A group of settings: environment variable name to its schema, which carries description and default. */
export type Settings = z.ZodRawShape;

/** What is wrong with a variable because of the others that are given, as a sentence that names it; undefined: nothing. */
type FaultBeside = (given: Readonly<Record<string, string | undefined>>) => string | undefined;

/** Thrown at boot when the environment is wrong; the message lists every fault at once with its variable's name. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly faults: readonly string[]) {
    super(`The environment is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/**
 * Reads one app's slice of the environment.
 * An empty variable counts as not set, since that is how Compose and shells leave one out. A secret may stand in a file
 * instead, which `<NAME>_FILE` names: that is how Compose and Kubernetes mount one.
 * @throws SettingsError naming every wrong variable.
 */
export function loadSettings<S extends Settings>(
  settings: S,
  environment: NodeJS.ProcessEnv = process.env,
): z.output<z.ZodObject<S>> {
  const given: Record<string, string | undefined> = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const faults: string[] = [];
  for (const name of secretNames(settings)) {
    try {
      const mounted = mountedSecret(name, given);
      if (mounted !== undefined) given[name] = mounted;
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  faults.push(...faultsBeside(settings, given));
  const result = z.object(settings).safeParse(given);
  if (result.success && faults.length === 0) return result.data;
  const issues = result.success ? [] : result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new SettingsError([...faults, ...issues]);
}

/** The variables that may be given as a file. */
export function secretNames(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, schema]) =>
    (schema as z.ZodType).meta()?.['secret'] === true ? [name] : [],
  );
}

/** What is wrong with variables only because of others: a schema with `faultBeside` looks at all that are given. */
function faultsBeside(settings: Settings, given: Readonly<Record<string, string | undefined>>): string[] {
  return Object.values(settings).flatMap((schema) => {
    const faultBeside = (schema as z.ZodType).meta()?.['faultBeside'] as FaultBeside | undefined;
    return faultBeside?.(given) ?? [];
  });
}

/** Reads the file of a secret; one line end after it does not belong to it. @throws Error naming the variable and what is wrong. */
function mountedSecret(name: string, given: Readonly<Record<string, string | undefined>>): string | undefined {
  const file = given[`${name}_FILE`];
  if (file === undefined) return undefined;
  if (given[name] !== undefined) throw new Error(`${name}_FILE: ${name} is set too; set only one of them`);
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
    throw new Error(`${name}_FILE: the file cannot be read (${code})`, { cause: error });
  }
}

/** As {@link loadSettings}, for the first line of a process: a wrong environment ends it with status 1 and the list of faults. */
export function settingsOrExit<S extends Settings>(settings: S): z.output<z.ZodObject<S>> {
  try {
    return loadSettings(settings);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** The values that a group of settings is read into. */
export type SettingsOf<S extends Settings> = z.output<z.ZodObject<S>>;
