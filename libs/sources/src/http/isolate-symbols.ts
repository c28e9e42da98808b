import { type RequestedTicker, SourceError } from '../contract/index.js';

/** How a call for some symbols ended. */
export type SymbolCall<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** The source says that it does not know what was asked for (`not_found`), and not which symbol it means. */
  | { readonly kind: 'refused'; readonly error: SourceError }
  /**
   * It failed in a way that says nothing of a symbol: of those who wait, only they are asked of whom nothing bad is known; nobody after
   * `rate_limited`.
   */
  | { readonly kind: 'failed'; readonly error: SourceError }
  /** Its limit, or the time, is used up: nobody is asked any more. */
  | { readonly kind: 'not_asked' };

/** Tickers that are asked for in one call. */
export interface SymbolGroup<Asked extends RequestedTicker> {
  readonly members: readonly Asked[];
  /** They were refused before, together or as part of a larger call. */
  readonly isSuspect: boolean;
  /** Each of them was refused alone before, and is tried again: whoever is refused now is so for certain. Default: no. */
  readonly wasRefused?: boolean | undefined;
}

/** How symbols are isolated. */
export interface IsolationOptions<Asked extends RequestedTicker, Answer> {
  /** Whom to ask, one call each at first. The first one is asked first. */
  readonly groups: readonly SymbolGroup<Asked>[];
  /**
   * Asks all suspect groups in one call before: for a source that has refused everybody so far, and may be right again. Default: no.
   */
  readonly together?: boolean;
  /** Makes one call, within limit and time. */
  readonly ask: (members: readonly Asked[]) => Promise<SymbolCall<Answer>>;
  /** Whether a refusal of this symbol alone is known to be about it, whatever the list says. Default: no. */
  readonly isCertain?: (members: readonly Asked[]) => boolean;
  /**
   * Which of these symbols the source's own list lacks; undefined when it has none, or it cannot be had. Asked once at most. A
   * SourceError that it throws ends the isolation.
   */
  readonly unlisted: (symbols: readonly string[]) => Promise<ReadonlySet<string> | undefined>;
  /** Most calls; default {@link MAX_ISOLATION_CALLS}. */
  readonly maxCalls?: number;
}

/** A symbol that was refused in a call of its own. */
export interface RefusedSymbol<Asked extends RequestedTicker> {
  readonly symbol: string;
  /** The tickers that have it. */
  readonly members: readonly Asked[];
  readonly error: SourceError;
  /**
   * The error is about this symbol and not about the source: the source answered for others, or its own list lacks the symbol, or that
   * was known before. False when the source refused everybody.
   */
  readonly isCertain: boolean;
}

/** What the calls came to. Every ticker stands in exactly one of these lists. */
export interface IsolatedSymbols<Asked extends RequestedTicker, Answer> {
  readonly answered: readonly { readonly members: readonly Asked[]; readonly answer: Answer }[];
  readonly refused: readonly RefusedSymbol<Asked>[];
  /** Whoever could not be asked any more; of a suspect group at least one symbol may be a culprit. */
  readonly open: readonly SymbolGroup<Asked>[];
  /** Calls that ended with an error that says nothing of a symbol, in their order. */
  readonly failed: readonly FailedCall<Asked>[];
}

/** A call that failed; without members when it was the one for the list. */
export interface FailedCall<Asked extends RequestedTicker> {
  readonly members: readonly Asked[];
  readonly error: SourceError;
}

/** Most calls of one isolation: one culprit of a thousand symbols takes half of them, and what is left goes on in the next slot. */
export const MAX_ISOLATION_CALLS = 24;

/**
 * A source that has refused so many calls, and answered none, is hardly right: no more are made in this isolation. The same holds for
 * the calls that try again whom it refused before.
 */
const MAX_REFUSALS_WITHOUT_ANSWER = 8;

/**
 * Asks for tickers so that a symbol that the source does not know takes no other down. A refused group is asked again without the
 * symbols that the source's own list lacks, and is halved where that does not help. Neither words nor a list condemn a symbol: only a
 * call of its own does, and only while the source answers for others, or its list lacks that symbol. They who were refused before come
 * last; where a call for several of them is refused, those that the list lacks are not asked again this time.
 */
export async function isolateSymbols<Asked extends RequestedTicker, Answer>(
  options: IsolationOptions<Asked, Answer>,
): Promise<IsolatedSymbols<Asked, Answer>> {
  const { groups, ask, isCertain = () => false, together = false, maxCalls = MAX_ISOLATION_CALLS } = options;
  const list = new SymbolList<Asked>(options.unlisted, symbolsOf(groups.flatMap(({ members }) => members)));
  let waiting = groups.filter(({ members }) => members.length > 0).map((group): Item<Asked> => ({ ...group }));
  const answered: { members: readonly Asked[]; answer: Answer }[] = [];
  const refused: Refused<Asked>[] = [];
  const failed: FailedCall<Asked>[] = [];
  /** Refused again together, and not listed: asked no more this time. */
  const putOff: Item<Asked>[] = [];
  /** Refusals of them who were refused before; undefined once one was answered. */
  let vainTries: number | undefined = 0;
  const { all, parts } = joined(together ? waiting : []);
  if (all !== undefined) waiting = [all, ...waiting.filter(({ isSuspect }) => !isSuspect)];
  for (let calls = 0; ;) {
    const mayTry = vainTries === undefined || vainTries < MAX_REFUSALS_WITHOUT_ANSWER;
    const item = calls === 0 ? waiting[0] : nextOf(waiting, { onlyGood: failed.length > 0, mayTry });
    if (item === undefined || isLeftAlone(failed)) break;
    if (item.isCulprit === true && symbolsOf(item.members).length > 1) {
      replace(waiting, item, halvesOf(item));
      continue;
    }
    if (calls >= (answered.length === 0 ? Math.min(MAX_REFUSALS_WITHOUT_ANSWER, maxCalls) : maxCalls)) break;
    calls += 1;
    const call = await ask(item.members);
    if (call.kind === 'not_asked') break;
    replace(waiting, item, []);
    const wasRefused = item.wasRefused === true;
    if (call.kind === 'answered') {
      answered.push({ members: item.members, answer: call.answer });
      item.isAnswered = true;
      if (wasRefused) vainTries = undefined;
      // The call for all parts was refused: the culprit is in the last of them.
      const [last, ...others] = (item.parts ?? []).filter(({ isAnswered }) => isAnswered !== true);
      if (last !== undefined && others.length === 0) last.isCulprit = true;
      continue;
    }
    const { error } = call;
    if (wasRefused && vainTries !== undefined) vainTries += 1;
    if (call.kind === 'failed') {
      failed.push({ members: item.members, error });
    } else if (item === all) {
      waiting.push(...inParts(parts));
    } else if (symbolsOf(item.members).length === 1) {
      refused.push({ members: item.members, wasRefused, error });
    } else if (wasRefused) {
      const { lacking, others } = await list.divideRefused(item);
      putOff.push(...lacking);
      waiting.push(...others);
    } else {
      waiting.push(...((await list.divide(item)) ?? halvesOf(item)));
    }
    if (list.error !== undefined) failed.push({ members: [], error: list.error });
  }
  return {
    refused: await judge(refused, { list, isCertain, isAnswered: answered.length > 0, failed }),
    ...{ answered, failed },
    open: [...waiting, ...putOff]
      .flatMap((item) => (item === all ? parts : [item]))
      .map(({ members, isSuspect, wasRefused }) => ({ members, isSuspect, ...(wasRefused && { wasRefused }) })),
  };
}

/** Whether nothing bad is known of a group: neither is it suspect, nor was it refused before. */
export function isGoodGroup({ isSuspect, wasRefused }: Pick<SymbolGroup<RequestedTicker>, 'isSuspect' | 'wasRefused'>) {
  return !isSuspect && wasRefused !== true;
}

/** A symbol that was refused in a call of its own. */
interface Refused<Asked extends RequestedTicker> {
  readonly members: readonly Asked[];
  readonly wasRefused: boolean;
  readonly error: SourceError;
}

/** Whether each refusal is about the symbol. The list is asked for when nothing else tells it; that may fail as well. */
async function judge<Asked extends RequestedTicker>(
  refused: readonly Refused<Asked>[],
  shown: {
    readonly list: SymbolList<Asked>;
    readonly isCertain: (members: readonly Asked[]) => boolean;
    readonly isAnswered: boolean;
    readonly failed: FailedCall<Asked>[];
  },
): Promise<readonly RefusedSymbol<Asked>[]> {
  const { list, isCertain, isAnswered, failed } = shown;
  const isKnown = ({ members, wasRefused }: Refused<Asked>): boolean => isAnswered || wasRefused || isCertain(members);
  const isListNeeded = !isLeftAlone(failed) && !refused.every(isKnown);
  const unlisted = isListNeeded ? await list.lacking() : undefined;
  if (isListNeeded && list.error !== undefined) failed.push({ members: [], error: list.error });
  return refused.map((one) => {
    const { members, error } = one;
    const [symbol = ''] = symbolsOf(members);
    return { symbol, members, error, isCertain: isKnown(one) || unlisted?.has(symbol) === true };
  });
}

/** A group that waits for its call. */
interface Item<Asked extends RequestedTicker> extends SymbolGroup<Asked> {
  /** The parts of the group that was refused, this one among them. */
  parts?: readonly Item<Asked>[];
  isAnswered?: boolean;
  /** A culprit is in it: the call for it would be refused. */
  isCulprit?: boolean;
}

/** The source's own list, asked for once at most. */
class SymbolList<Asked extends RequestedTicker> {
  /** Why the isolation may not go on. */
  error: SourceError | undefined;
  private isAsked = false;
  private unlisted: ReadonlySet<string> | undefined;

  constructor(
    private readonly ask: IsolationOptions<Asked, never>['unlisted'],
    /** All symbols of the isolation. */
    private readonly symbols: readonly string[],
  ) {}

  /** Those that are listed, and those that are not; undefined when the list does not tell them apart. */
  async divide(item: Item<Asked>): Promise<readonly Item<Asked>[] | undefined> {
    if (this.isAsked) return undefined;
    const unlisted = await this.lacking();
    if (unlisted === undefined) return undefined;
    const isLacking = ({ sourceSymbol }: Asked): boolean => unlisted.has(sourceSymbol);
    const parts = [item.members.filter((asked) => !isLacking(asked)), item.members.filter(isLacking)];
    return parts.every(({ length }) => length > 0) ? partsOf(item, parts) : undefined;
  }

  /** Of a group that was refused before and is again: who is not listed in one group, and the others in one or two. */
  async divideRefused(item: Item<Asked>): Promise<Readonly<Record<'lacking' | 'others', readonly Item<Asked>[]>>> {
    const unlisted = (await this.lacking()) ?? new Set<string>();
    const isLacking = ({ sourceSymbol }: Asked): boolean => unlisted.has(sourceSymbol);
    const [lacking, listed] = [item.members.filter(isLacking), item.members.filter((asked) => !isLacking(asked))];
    if (lacking.length === 0) return { lacking: [], others: halvesOf(item) };
    const groupsOf = (members: readonly Asked[]) => (members.length === 0 ? [] : [{ ...groupOf(item), members }]);
    return { lacking: groupsOf(lacking), others: groupsOf(listed) };
  }

  /** The symbols of the isolation that are not listed; undefined when that cannot be known. */
  async lacking(): Promise<ReadonlySet<string> | undefined> {
    if (!this.isAsked) {
      this.isAsked = true;
      try {
        this.unlisted = await this.ask(this.symbols);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        this.error = error;
      }
    }
    return this.unlisted;
  }
}

/** Whether no other call may follow: the source asks to be left alone, or the call for its list says so. */
function isLeftAlone(failed: readonly FailedCall<RequestedTicker>[]): boolean {
  return failed.some(({ members, error }) => members.length === 0 || error.kind === 'rate_limited');
}

/**
 * The largest group of which nothing is known: it may be answered as a whole. Then those in which a culprit is. They who were refused
 * before come after all others.
 */
function nextOf<Asked extends RequestedTicker>(
  waiting: readonly Item<Asked>[],
  { onlyGood, mayTry }: { readonly onlyGood: boolean; readonly mayTry: boolean },
): Item<Asked> | undefined {
  const others = waiting.filter((item) => (onlyGood ? isGoodGroup(item) : item.wasRefused !== true));
  const eligible = others.length > 0 || onlyGood || !mayTry ? others : waiting;
  const rank = ({ isCulprit, members }: Item<Asked>): number => (isCulprit === true ? 0 : members.length);
  return eligible.reduce<Item<Asked> | undefined>(
    (best, item) => (best === undefined || rank(item) > rank(best) ? item : best),
    undefined,
  );
}

/** All suspect groups as one, and the groups; nobody where that is one group as it is. */
function joined<Asked extends RequestedTicker>(
  waiting: readonly Item<Asked>[],
): { readonly all?: Item<Asked>; readonly parts: readonly Item<Asked>[] } {
  const parts = waiting.filter(({ isSuspect }) => isSuspect);
  if (parts.length < 2) return { parts: [] };
  return { all: { members: parts.flatMap(({ members }) => members), isSuspect: true }, parts };
}

function replace<Asked extends RequestedTicker>(
  waiting: Item<Asked>[],
  item: Item<Asked>,
  parts: readonly Item<Asked>[],
): void {
  waiting.splice(waiting.indexOf(item), 1, ...parts);
}

function halvesOf<Asked extends RequestedTicker>(item: Item<Asked>): readonly Item<Asked>[] {
  const { members } = item;
  const symbols = symbolsOf(members);
  const first = new Set(symbols.slice(0, Math.ceil(symbols.length / 2)));
  return partsOf(item, [
    members.filter(({ sourceSymbol }) => first.has(sourceSymbol)),
    members.filter(({ sourceSymbol }) => !first.has(sourceSymbol)),
  ]);
}

function partsOf<Asked extends RequestedTicker>(
  item: Item<Asked>,
  parts: readonly (readonly Asked[])[],
): readonly Item<Asked>[] {
  return inParts(parts.map((members): Item<Asked> => ({ ...groupOf(item), members })));
}

/** A group without its members that comes of one that was refused. */
function groupOf({ wasRefused }: SymbolGroup<RequestedTicker>): Omit<SymbolGroup<RequestedTicker>, 'members'> {
  return wasRefused === true ? { isSuspect: false, wasRefused } : { isSuspect: true };
}

/** Tells the parts of a group that was refused of each other. */
function inParts<Asked extends RequestedTicker>(items: readonly Item<Asked>[]): readonly Item<Asked>[] {
  for (const item of items) item.parts = items;
  return items;
}

function symbolsOf(members: readonly RequestedTicker[]): readonly string[] {
  return [...new Set(members.map(({ sourceSymbol }) => sourceSymbol))];
}
