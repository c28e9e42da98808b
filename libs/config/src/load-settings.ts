import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A group of settings: environment variable name to its schema, which carries description and default. */
export type Settings = z.ZodRawShape;

/** What is wrong with a variable because of the others that are given, as a sentence that names it; undefined: nothing. */
type FaultBeside = (given: Readonly<Record<string, string | undefined>>) => string | undefined;

/** Another name of a setting, which hosts of containers give: taken where its own name is not set. */
export interface SettingAlias {
  readonly name: string;
  /** The setting once had this name; else it is what hosts of containers call it. */
  readonly isOlder?: true;
  /** What it must be besides what the setting itself must be. */
  readonly schema?: z.ZodType<string, string>;
}

/** Thrown at boot when the environment is wrong; the message lists every fault at once with its variable's name. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  /** No new try mends it. */
  readonly exitStatus = 2;

  /** @param options with the `cause` where files that cannot be read are all that is wrong. */
  constructor(
    readonly faults: readonly string[],
    options?: ErrorOptions,
  ) {
    super(`The environment is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`, options);
  }
}

/**
 * Reads one app's slice of the environment.
 * An empty variable counts as not set, since that is how Compose and shells leave one out. A secret may stand in a file
 * instead, which `<NAME>_FILE` names: that is how Compose and Kubernetes mount one. A setting with an alias is also taken by
 * that name; where both are set its own name wins, since hosts of containers set the other one unasked.
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
  const causes: unknown[] = [];
  const read = (name: string, isSecret: boolean): string | undefined => {
    try {
      return (isSecret ? mountedSecret(name, given) : undefined) ?? given[name];
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
      if (error instanceof Error && error.cause !== undefined) causes.push(error.cause);
      return undefined;
    }
  };
  const namesGiven = new Map<string, string>();
  for (const [name, schema] of Object.entries(settings)) {
    const { secret, alias } = metaOf(schema);
    const own = read(name, secret === true);
    const other = own === undefined && alias !== undefined ? read(alias.name, secret === true) : undefined;
    const result = alias?.schema?.safeParse(other);
    const fault = other === undefined ? undefined : result?.error?.issues[0]?.message;
    if (fault !== undefined) faults.push(`${alias?.name}: ${fault}`);
    else if (other !== undefined && alias !== undefined) namesGiven.set(name, alias.name);
    const value = fault === undefined ? (own ?? other) : undefined;
    if (value === undefined) delete given[name];
    else given[name] = value;
  }
  faults.push(...faultsBeside(settings, given));
  const result = z.object(settings).safeParse(given);
  if (result.success && faults.length === 0) return result.data;
  const issues = result.success ? [] : result.error.issues;
  const named = issues.map(({ path, message }) => {
    const name = path.join('.');
    return `${namesGiven.get(name) ?? name}: ${message}`;
  });
  const all = [...faults, ...named];
  const isOfFiles = causes.length > 0 && causes.length === all.length;
  throw new SettingsError(all, isOfFiles ? { cause: new AggregateError(causes) } : undefined);
}

/** The variables that may be given as a file. */
export function secretNames(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, schema]) => (metaOf(schema).secret === true ? [name] : []));
}

/** Every variable that a group of settings is read from: names, aliases, and files of secrets. */
export function variablesOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, schema]) => {
    const { secret, alias } = metaOf(schema);
    const names = alias === undefined ? [name] : [name, alias.name];
    return secret === true ? names.flatMap((each) => [each, `${each}_FILE`]) : names;
  });
}

/** What a setting says of itself besides its schema. */
interface SettingMeta {
  readonly secret?: boolean;
  readonly alias?: SettingAlias;
  readonly faultBeside?: FaultBeside;
}

function metaOf(schema: unknown): SettingMeta {
  return ((schema as z.ZodType).meta() ?? {}) as SettingMeta;
}

/** What is wrong with variables only because of others: a schema with `faultBeside` looks at all that are given. */
function faultsBeside(settings: Settings, given: Readonly<Record<string, string | undefined>>): string[] {
  return Object.values(settings).flatMap((schema) => {
    return metaOf(schema).faultBeside?.(given) ?? [];
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

/** The values that a group of settings is read into. */
export type SettingsOf<S extends Settings> = z.output<z.ZodObject<S>>;
