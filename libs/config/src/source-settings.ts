import { z } from 'zod';
import { address, secret } from './setting-types.js';
import type { Settings } from './load-settings.js';

/** What the settings of a source follow from. */
export interface ConfigurableSource {
  /** Lower case; in capitals the prefix of its settings. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly plans: readonly { readonly name: string; readonly keyHeader?: unknown; readonly keyParameter?: unknown }[];
}

/** What the settings say of one source. */
export interface ConfiguredSource {
  readonly baseUrl?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly plan?: string | undefined;
}

/** The settings of sources: an address for each, a key for those that take one, a plan where there are several with a key. */
export function sourceSettingsOf(sources: readonly ConfigurableSource[]): Settings {
  return Object.fromEntries(sources.flatMap((source) => Object.entries(settingsOf(source))));
}

/** Picks what belongs to each source out of checked settings. */
export function configuredSources(
  settings: Readonly<Record<string, unknown>>,
  sources: readonly ConfigurableSource[],
): Record<string, ConfiguredSource> {
  const text = (name: string): string | undefined => {
    const value = settings[name];
    return typeof value === 'string' ? value : undefined;
  };
  return Object.fromEntries(
    sources.map((source) => {
      const prefix = prefixOf(source);
      return [
        source.name,
        { baseUrl: text(`${prefix}_URL`), apiKey: text(`${prefix}_API_KEY`), plan: text(`${prefix}_PLAN`) },
      ];
    }),
  );
}

/** The prefix of a source's settings. */
export function prefixOf(source: { readonly name: string }): string {
  return source.name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}

function settingsOf(source: ConfigurableSource): Settings {
  const prefix = prefixOf(source);
  const keyed = source.plans.filter((plan) => plan.keyHeader !== undefined || plan.keyParameter !== undefined);
  const url = address(['http', 'https'])
    .optional()
    .describe(`Base address of ${source.title} instead of its own, without a slash at the end.`);
  if (keyed.length === 0) return { [`${prefix}_URL`]: url };
  const needed = keyed.length === source.plans.length ? ' It answers nobody without one.' : '';
  const names = source.plans.map((plan) => plan.name);
  const plan = z
    .enum(names as [string, ...string[]], { error: `must be one of ${names.join(', ')}` })
    .optional()
    .describe(
      `Plan of ${source.title} that the key belongs to: ${names.join(', ')}. Default with a key: ${keyed[0]?.name}.`,
    );
  return {
    [`${prefix}_URL`]: url,
    [`${prefix}_API_KEY`]: secret(`Key of ${source.title}.${needed}`),
    ...(source.plans.length > 1 ? { [`${prefix}_PLAN`]: plan } : {}),
  };
}
