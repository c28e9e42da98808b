import type { SourceErrorKind } from '@app/domain';
import { oneLine, WireNumber } from './read-json.js';

/**
 * The kind of an error that a source tells in its own form and in words that nobody knows, where the status says nothing more. It is no
 * drift, since the answer has a shape that it may have. It is not `not_found`: nothing says that it is about a symbol, and healthy ones
 * would be left out of their batch. It is none of the kinds after which a source is left alone for hours. So the call is made again, the
 * circuit opens when it lasts, and the words stand in the detail.
 */
export const KIND_OF_UNKNOWN_WORDS: SourceErrorKind = 'unavailable';

const NOUN = '(?:symbol|pair|market|product|currenc(?:y|ie)|coin|asset|instrument|ticker|id)';

/** What is too many in one call and is no limit of calls: "Too many parameters; expected 1", "maximum limit of 50 coin ids". */
const TOO_MANY_NAMES = (() => {
  const names = String.raw`(?:(?:coin|currency|trading|market|asset|product)[ _-])?(?:${NOUN}|parameter|quote|digit|decimal)(?:s|\(s\))`;
  return new RegExp(String.raw`(?:too.?(?:many|much)[ _-]|limit of \d+ )${names}(?![a-z\d])`, 'gi');
})();

/** What says that the source does not know a symbol. The words around it echo that symbol, and it may have any name. */
const NO_SUCH_SYMBOL = new RegExp(
  [
    String.raw`(?<!key )\bnot[ _-]?found|no such ${NOUN}|delisted`,
    String.raw`\b(?:invalid|illegal|bad|unknown|unsupported|not supported)[ _-](?:(?:base|quote|trading|currency|asset|coin)[ _-])?${NOUN}`,
    String.raw`\b${NOUN}s?\b.{0,60}\b(?:is invalid|is unknown|(?:not |un)supported|does(?:n.t| not) exist)`,
  ].join('|'),
  'i',
);

const RATE_LIMIT = new RegExp(
  [
    String.raw`rate.?limit|too.?(?:many|much)|(?<![a-z\d])(?:too.?(?:frequent(?:ly)?|fast|often)|frequency|flood(?:ed|ing)?)(?![a-z\d])`,
    String.raw`(?<![a-z\d])(?:requests?)?(?:throttl(?:ed?|ing)(?:exception|error)?|slow.?down)(?![a-z\d])`,
    String.raw`(?:request|rate|call|usage|quota|credit)s? limit|limit (?:was |is |has been )?(?:reached|exceeded|hit)`,
    String.raw`exceed\w*\b.{0,40}\b(?:limit|quota)|quota (?:was |is |has been )?(?:reached|exceeded|exhausted)|out of quota`,
  ].join('|'),
  'i',
);

/** Whether the words of an error speak of too many calls. Words that refuse a symbol do not, whatever the symbol is called. */
export function saysRateLimit(words: string): boolean {
  return !NO_SUCH_SYMBOL.test(words) && RATE_LIMIT.test(words.replace(TOO_MANY_NAMES, ' '));
}

/** The members in which APIs, and gateways in front of them, put the words of an error; without `_`, in lower case. */
const WORD_MEMBERS: ReadonlySet<string> = new Set(
  `error errors errormessage errordescription errorname message messages msg detail details title reason status code fault
  faultstring note information`.split(/\s+/),
);

/** How deep the words of an error are looked for, and how many of a list. */
const SEARCHED = { depth: 3, items: 5 };

/** The longest body without any form that is taken for a sentence and no page, in characters. */
const MAX_SENTENCE_LENGTH = 500;

/**
 * The words of an answer that is an error, whoever wrote it: a sentence alone, as plain text or as a JSON text; the title of a page; the
 * members in which errors have their words. Anything that stands elsewhere is not looked at: a coin may have any name.
 * @param json the body; undefined when it is no JSON.
 * @returns one line; empty when there are none.
 */
export function errorWordsOf(json: unknown, body: string): string {
  if (json !== undefined) return oneLine(wordsOf(json));
  const text = body.trim();
  if (text.startsWith('<')) return oneLine(/<title[^>]{0,200}>([^<]{0,200})/i.exec(text.slice(0, 8192))?.[1] ?? '');
  return text.length > MAX_SENTENCE_LENGTH || /^[{[]/.test(text) ? '' : oneLine(text);
}

function wordsOf(value: unknown, depth = SEARCHED.depth): string {
  if (typeof value === 'string') return value.slice(0, MAX_SENTENCE_LENGTH);
  if (typeof value !== 'object' || value === null || value instanceof WireNumber || depth === 0) return '';
  const members = Array.isArray(value)
    ? // Of a list at the top only texts: its rows are coins.
      value.slice(0, SEARCHED.items).filter((item) => depth < SEARCHED.depth || typeof item === 'string')
    : Object.entries(value)
        .filter(([name]) => WORD_MEMBERS.has(name.toLowerCase().replace(/[_-]/g, '')))
        .map(([, member]: [string, unknown]) => member);
  return members
    .map((member) => wordsOf(member, depth - 1))
    .filter((words) => words !== '')
    .join(' ');
}
