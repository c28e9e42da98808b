// What `npm run new-source` finds out from an answer of the API: where price and time stand, and how they are written.
import { plainSymbol } from '../../dist/libs/sources/src/contract/symbol-text.js';

/** A number of the answer with the text that stood there, so that no digit is lost. */
export class NumberText {
  constructor(text) {
    this.text = text;
  }
}

/** @throws SyntaxError when the text is no JSON. */
export function readJson(text) {
  return JSON.parse(text, (_name, value, context) =>
    typeof value === 'number' ? new NumberText(context.source) : value,
  );
}

/** The steps of `data.0.last`, or of the JSON pointer `/data/0/last`. */
export function stepsOf(path) {
  return path.startsWith('/')
    ? path
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : path.split('.');
}

/** The value at a path; undefined when nothing stands there. */
export function valueAt(json, steps) {
  return steps.reduce((value, step) => (isBranch(value) && Object.hasOwn(value, step) ? value[step] : undefined), json);
}

export function isBranch(value) {
  return typeof value === 'object' && value !== null && !(value instanceof NumberText);
}

/** Every path that ends in a text or a number. */
export function pathsOf(json, at = []) {
  return Object.entries(json).flatMap(([step, value]) =>
    isBranch(value) ? pathsOf(value, [...at, step]) : [[...at, step].join('.')],
  );
}

/** The steps to every text that names the symbol, in whatever form: what says whose the price is. */
export function stepsToSymbol(json, symbol, at = []) {
  return Object.entries(json).flatMap(([step, value]) => {
    if (isBranch(value)) return stepsToSymbol(value, symbol, [...at, step]);
    return typeof value === 'string' && plainSymbol(value) === plainSymbol(symbol) ? [[...at, step]] : [];
  });
}

/** How a time is read and written, by its looks; undefined when it is none that a schema reads. */
export function timeKindOf(value) {
  const isText = typeof value === 'string';
  const text = isText ? value : value?.text;
  if (/^\d{10}$/.test(text)) {
    return {
      schema: isText ? 'wireSecondsText' : 'wireSeconds',
      milliseconds: Number(text) * 1000,
      written: isText ? '"${writer.second}"' : '${writer.second}',
    };
  }
  if (/^\d{13}$/.test(text)) {
    const written = '${Math.floor(writer.clockMs)}';
    return {
      schema: isText ? 'wireMillisecondsText' : 'wireMilliseconds',
      milliseconds: Number(text),
      written: isText ? `"${written}"` : written,
    };
  }
  if (isText && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|\+00:00)$/.test(text)) {
    return {
      schema: 'wireIsoTime',
      milliseconds: Date.parse(text),
      written: '"${new Date(writer.clockMs).toISOString()}"',
    };
  }
  return undefined;
}
