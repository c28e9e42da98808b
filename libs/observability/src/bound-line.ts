/** Most bytes of a line in the log, its newline among them: what gathers logs cuts or splits longer ones. */
export const MAX_LINE_BYTES = 1024;

/** Fields that say what happened and to whom: they stay, whatever else is cut, and come first. */
const FIRST = ['level', 'time', 'event', 'source', 'reason', 'process', 'pid', 'job', 'ticker', 'slot', 'msg', 'err'];

/** Fields that every line keeps; their values are short unless somebody makes them long. */
const KEPT = ['level', 'time', 'event', 'source', 'reason'];

/** So many entries an object or a list keeps at first; then fewer. */
const MOST_ENTRIES = [40, 20, 10, 5, 2];

/** Below so many bytes a text says nothing: fields are left out instead. */
const SHORTEST_TEXT_BYTES = 24;

const MARK = '…';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = Readonly<Record<string, Json>>;

/**
 * A line of JSON with its newline, in at most {@link MAX_LINE_BYTES}. A longer one stays valid JSON: its longest texts are cut first, all
 * to the same length, then lists and objects, then fields are left out from the end. A text that was cut ends in an ellipsis, and `cut_bytes`
 * says how many bytes the line had.
 */
export function boundLine(line: string): string {
  // Three bytes are the most that a UTF-16 unit takes.
  if (line.length * 3 <= MAX_LINE_BYTES) return line;
  const bytes = Buffer.byteLength(line);
  if (bytes <= MAX_LINE_BYTES) return line;
  return `${shorten(parse(line), bytes)}\n`;
}

/** pino writes level and time first; a field of the same name that somebody logs stands behind them, and is not to take their place. */
function parse(line: string): JsonObject {
  const { level, time, ...more } = JSON.parse(line) as JsonObject;
  const [, ownLevel = level, ownTime = time] = /^\{"level":"([^"\\]*)","time":"([^"\\]*)"/.exec(line) ?? [];
  return {
    ...(ownLevel === undefined ? {} : { level: ownLevel }),
    ...(ownTime === undefined ? {} : { time: ownTime }),
    ...more,
  };
}

function shorten(fields: JsonObject, bytes: number): string {
  const ordered = Object.fromEntries([
    ...FIRST.flatMap((name) => entryOf(fields, name)),
    ...Object.entries(fields).filter(([name]) => !FIRST.includes(name)),
  ]);
  const whole = (kept: JsonObject): string => JSON.stringify({ ...kept, cut_bytes: bytes });
  for (const most of MOST_ENTRIES) {
    const thinned = Object.fromEntries(
      Object.entries(ordered)
        .slice(0, Math.max(most, FIRST.length))
        .map(([name, value]) => [cutText(name, 48), cutTexts(withFewerEntries(value, most), MAX_LINE_BYTES)]),
    );
    const line = withTextsCut(thinned, whole);
    if (line !== undefined) return line;
  }
  const shortest = Object.fromEntries([...KEPT, 'msg'].flatMap((name) => entryOf(ordered, name)));
  // Six texts of this length and their names always fit.
  return whole(
    cutTexts(
      Object.fromEntries(Object.entries(shortest).map(([name, value]) => [name, withFewerEntries(value, 0)])),
      100,
    ) as JsonObject,
  );
}

function entryOf(fields: JsonObject, name: string): [string, Json][] {
  const value = fields[name];
  return value === undefined ? [] : [[name, value]];
}

/** The line with its texts cut to the greatest length with which it fits; undefined when they would have to be too short. */
function withTextsCut(fields: JsonObject, whole: (fields: JsonObject) => string): string | undefined {
  const lineOf = (most: number): string | undefined => {
    const line = whole(cutTexts(fields, most) as JsonObject);
    return Buffer.byteLength(line) < MAX_LINE_BYTES ? line : undefined;
  };
  let fitting = lineOf(SHORTEST_TEXT_BYTES);
  if (fitting === undefined) return undefined;
  let [fits, tooLong] = [SHORTEST_TEXT_BYTES, MAX_LINE_BYTES];
  while (tooLong - fits > 1) {
    const most = Math.floor((fits + tooLong) / 2);
    const line = lineOf(most);
    if (line === undefined) tooLong = most;
    else [fits, fitting] = [most, line];
  }
  return fitting;
}

function cutTexts(value: Json, most: number): Json {
  if (typeof value === 'string') return cutText(value, most);
  if (Array.isArray(value)) return value.map((one) => cutTexts(one as Json, most));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cutTexts(one, most)]));
}

/** A text of at most so many bytes as JSON writes it: a control character takes six. */
function cutText(text: string, most: number): string {
  // No character takes less than a byte.
  const head = text.slice(0, most + 1);
  if (head === text && bytesOf(text) <= most) return text;
  let kept = '';
  let left = most - Buffer.byteLength(MARK);
  for (const character of head) {
    left -= bytesOf(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + MARK;
}

function bytesOf(text: string): number {
  // Most letters, one by one, without the way through JSON.
  if (text.length === 1 && text >= ' ' && text <= '~' && text !== '"' && text !== '\\') return 1;
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** Lists and objects with at most so many entries, and no longer names. */
function withFewerEntries(value: Json, most: number): Json {
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    const kept = list.slice(0, most).map((one) => withFewerEntries(one, most));
    return list.length <= most ? kept : [...kept, `${MARK} ${list.length - most} more`];
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const kept = entries.slice(0, most).map(([name, one]) => [cutText(name, 48), withFewerEntries(one, most)]);
  const left = entries.length - kept.length;
  return Object.fromEntries(left > 0 ? [...kept, [MARK, `${left} more`]] : kept) as JsonObject;
}
