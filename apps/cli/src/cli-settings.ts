import { cliSettings, configuredSources, loadSettings, type SettingsOf, sourceSettingsOf } from '@app/config';
import { planOf, type Source, type SourceAccesses } from '@app/sources';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** What the environment says: how calls are made, and how each source is reached. */
export interface CliSettings {
  readonly settings: SettingsOf<typeof cliSettings>;
  readonly access: SourceAccesses;
}

/** Reads the environment for these sources. @throws UsageError naming every fault; never a key. */
export function readCliSettings(terminal: Terminal, sources: readonly Source[]): CliSettings {
  try {
    const settings = loadSettings({ ...sourceSettingsOf(sources), ...cliSettings }, terminal.environment);
    const access = configuredSources(settings, sources);
    for (const source of sources) planOf(source, access[source.name]);
    return { settings, access };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
