import { WireNumber, readJson } from '../contract/read-json.js';

/** A JSON value with its numbers as they stand on the wire. */
export type Json = WireNumber | string | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Where a value stands in an answer: member names and array positions. */
export type JsonPath = readonly string[];

/** One way of spoiling an answer. */
export interface Mutation {
  readonly name: string;
  readonly kind: MutationKind;
  readonly path: JsonPath;
  /** The spoilt body. */
  readonly body: string;
}

/** What is done to every field in turn. */
export const MUTATION_KINDS = ['dropped', 'renamed', 'nulled', 'negated', 'retyped', 'emptied', 'zeroed'] as const;
/** One of {@link MUTATION_KINDS}. */
export type MutationKind = (typeof MUTATION_KINDS)[number];

/** Reads a fixture; numbers keep their text. */
export function parseFixture(body: string): Json {
  return readJson('fixture', body) as Json;
}

/** Writes a value as JSON; numbers are written as their text. */
export function writeJson(value: Json): string {
  if (value instanceof WireNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map((item: Json) => writeJson(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`)
    .join(',')}}`;
}

/** The path of every value below the root. */
export function pathsOf(value: Json, at: JsonPath = []): JsonPath[] {
  if (value instanceof WireNumber || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [[...at, name], ...pathsOf(member, [...at, name])]);
}

/** The value at a path; throws when the fixture has none there. */
export function valueAt(value: Json, path: JsonPath): Json {
  let current: Json | undefined = value;
  for (const step of path) current = (current as Record<string, Json> | undefined)?.[step];
  if (current === undefined) throw new Error(`The fixture has no ${path.join('.')}.`);
  return current;
}

/** A copy in which the value at a path is another; `undefined` takes it out. */
export function withValueAt(value: Json, path: JsonPath, replacement: Json | undefined): Json {
  return withEntries(value, path, (name) => (replacement === undefined ? [] : [[name, replacement]]));
}

/** Every spoilt form of an answer, for every field in it. */
export function mutationsOf(body: string, kind: MutationKind): Mutation[] {
  const root = parseFixture(body);
  return pathsOf(root).flatMap((path) =>
    spoilt(root, path, kind).map(({ label, value }) => ({
      name: `${path.join('.')} ${kind}${label === '' ? '' : ` ${label}`}`,
      kind,
      path,
      body: writeJson(value),
    })),
  );
}

function spoilt(root: Json, path: JsonPath, kind: MutationKind): { label: string; value: Json }[] {
  const value = valueAt(root, path);
  switch (kind) {
    case 'dropped':
      return [{ label: '', value: withValueAt(root, path, undefined) }];
    case 'renamed':
      // A place in a list has no name.
      if (Array.isArray(valueAt(root, path.slice(0, -1)))) return [];
      return [{ label: '', value: withEntries(root, path, (name, member) => [[`${name}_v2`, member]]) }];
    case 'nulled':
      return [{ label: '', value: withValueAt(root, path, null) }];
    case 'zeroed':
      return value instanceof WireNumber ? [{ label: '', value: withValueAt(root, path, new WireNumber('0')) }] : [];
    case 'negated':
    case 'retyped':
    case 'emptied':
      return REPLACEMENTS[kind](value).map((other) => ({
        label: `to ${writeJson(other).slice(0, 60)}`,
        value: withValueAt(root, path, other),
      }));
  }
}

const REPLACEMENTS = { negated: negationsOf, retyped: otherTypesOf, emptied: emptyFormsOf } as const;

function negationsOf(value: Json): Json[] {
  if (value instanceof WireNumber) {
    return [new WireNumber(value.text.startsWith('-') ? value.text.slice(1) : `-${value.text}`)];
  }
  if (typeof value === 'boolean') return [!value];
  return typeof value === 'string' ? [`-${value}`] : [];
}

function otherTypesOf(value: Json): Json[] {
  const all: Json[] = ['text', true, false, new WireNumber('1'), [value], { value }, [], {}];
  if (value instanceof WireNumber) return [value.text, ...all.filter((other) => !(other instanceof WireNumber))];
  if (typeof value === 'string') {
    const asNumber = /^-?\d+(\.\d+)?$/.test(value) ? [new WireNumber(value)] : [];
    return [...asNumber, ...all.filter((other) => typeof other !== 'string')];
  }
  // A null becomes no number: that would not be a spoilt answer but another good one.
  if (value === null) return all.filter((other) => !(other instanceof WireNumber));
  if (typeof value === 'boolean') return [String(value), ...all.filter((other) => typeof other !== 'boolean')];
  if (Array.isArray(value)) return [{ ...(value as Json[]) }, ...all.filter((other) => !Array.isArray(other))];
  return [Object.values(value), writeJson(value), ...all];
}

function emptyFormsOf(value: Json): Json[] {
  if (typeof value === 'string') return [''];
  if (value instanceof WireNumber || typeof value !== 'object' || value === null) return [];
  return [Array.isArray(value) ? [] : {}];
}

/** The value with one field called otherwise, in its place. */
export function withFieldRenamed(value: Json, path: JsonPath, name: string): Json {
  return withEntries(value, path, (_name, member) => [[name, member]]);
}

function withEntries(value: Json, path: JsonPath, change: (name: string, member: Json) => [string, Json][]): Json {
  const [step, ...rest] = path;
  if (step === undefined || value instanceof WireNumber || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
    if (name !== step) return [[name, member]];
    return rest.length === 0 ? change(name, member) : [[name, withEntries(member, rest, change)]];
  });
  return Array.isArray(value) ? entries.map(([, member]) => member) : Object.fromEntries(entries);
}
