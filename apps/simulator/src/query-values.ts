/** A query as the web framework hands it over: a parameter that came several times is a list. */
export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The value of a parameter; the last one when it came several times, as the real services take it. */
export function queryValue(query: RawQuery, name: string): string | undefined {
  const value = query[name];
  return typeof value === 'object' ? value.at(-1) : value;
}
