/**
 * What a JSON parser does not tell of a text: names that stand twice, and values that are missing. A scan that knows texts from what is
 * between them, and leaves it to the parser whether the whole is JSON.
 */

/** Where a value may begin that is none, and what ends it. Written as `:NaN`, `[ -inf ,` or `: ,`. */
const MISSING = /([:[,]\s*)([+-]?(?:nan|inf(?:inity)?)|undefined)(?=\s*[,}\]])|(:\s*(?=[,}])|[[,]\s*(?=,))/gi;

/**
 * The text with a JSON text in the place of every value that is no JSON: `NaN`, `Infinity`, with a sign or in other letters, `undefined`,
 * or nothing, as in `"price":,`. A comma at the end of a list or object is none of them.
 * @param mark begins each of those texts; what stood there follows.
 * @returns undefined when there is no such value.
 */
export function markMissing(text: string, mark: string): string | undefined {
  if (text.search(MISSING) === -1 || text.includes(mark)) return undefined;
  const parts: string[] = [];
  let from = 0;
  for (const [start, end] of textsOf(text)) {
    parts.push(marked(text.slice(from, start), mark), text.slice(start, end));
    from = end;
  }
  parts.push(marked(text.slice(from), mark));
  return parts.join('');
}

function marked(between: string, mark: string): string {
  return between.replace(MISSING, (_all, before = '', word = '', alone = '') => `${before}${alone}"${mark}${word}"`);
}

/** How many names of members a JSON text has. */
export function countNames(text: string): number {
  let names = 0;
  for (const [, end] of textsOf(text)) if (isName(text, end)) names += 1;
  return names;
}

/**
 * The first name that stands twice in one object of a JSON text, with values that are not written alike; undefined when there is none.
 */
export function contradiction(text: string): string | undefined {
  const objects: { readonly values: Map<string, string>; name?: string | undefined; from: number }[] = [];
  let from = 0;
  const close = (at: number): string | undefined => {
    const object = objects.at(-1);
    if (object?.name === undefined) return undefined;
    const [name, value] = [object.name, text.slice(object.from, at).trim()];
    object.name = undefined;
    const other = object.values.get(name);
    object.values.set(name, value);
    return other === undefined || other === value ? undefined : name;
  };
  const between = (start: number, end: number): string | undefined => {
    for (let at = start; at < end; at += 1) {
      const character = text[at];
      const twice = character === ',' || character === '}' ? close(at) : undefined;
      if (twice !== undefined) return twice;
      if (character === '{' || character === '[') objects.push({ values: new Map(), from: at });
      if (character === '}' || character === ']') objects.pop();
    }
    return undefined;
  };
  for (const [start, end] of textsOf(text)) {
    const twice = between(from, start);
    if (twice !== undefined) return twice;
    const object = objects.at(-1);
    if (object !== undefined && isName(text, end)) {
      object.name = nameOf(text.slice(start, end));
      object.from = text.indexOf(':', end) + 1;
    }
    from = end;
  }
  return between(from, text.length);
}

/** A name as it is meant: `\u0061` is `a`. */
function nameOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}

function isName(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}

/** Where each JSON text begins and ends, its quotation marks included. One that is not closed ends with the text. */
function* textsOf(text: string): Generator<readonly [start: number, end: number]> {
  let start = text.indexOf('"');
  while (start !== -1) {
    let end = text.indexOf('"', start + 1);
    while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    const next = end === -1 ? text.length : end + 1;
    yield [start, next];
    start = text.indexOf('"', next);
  }
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}
