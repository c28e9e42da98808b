import { z } from 'zod';

/** A group of settings: environment variable name to its schema, which carries description and default. */
export type Settings = z.ZodRawShape;

/** Thrown at boot when the environment is wrong; the message lists every fault at once with its variable's name. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly faults: readonly string[]) {
    super(`The environment is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/**
 * Reads one app's slice of the environment.
 * An empty variable counts as not set, since that is how Compose and shells leave one out.
 * @throws SettingsError naming every wrong variable.
 */
export function loadSettings<S extends Settings>(
  settings: S,
  environment: NodeJS.ProcessEnv = process.env,
): z.output<z.ZodObject<S>> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = z.object(settings).safeParse(given);
  if (result.success) return result.data;
  throw new SettingsError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
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
