import { type RequestedTicker, SourceError } from '../contract/index.js';

/** How a call for some symbols ended. */
export type SymbolCall<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** The source says that it does not know what was asked for (`not_found`), and not which symbol it means. */
  | { readonly kind: 'refused'; readonly error: SourceError }
  /** It failed in a way that says nothing of a symbol: nobody is asked any more. */
  | { readonly kind: 'failed'; readonly error: SourceError }
  /** Its limit, or the time, is used up: nobody is asked any more. */
  | { readonly kind: 'not_asked' };

/** Tickers that are asked for in one call. */
export interface SymbolGroup<Asked extends RequestedTicker> {
  readonly members: readonly Asked[];
  /** They were refused before, together or as part of a larger call. */
  readonly isSuspect: boolean;
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
   * The error is about this symbol and not about the source: the source answered for others, or its own list lacks the symbol. False
   * when the source refused everybody.
   */
  readonly isCertain: boolean;
}

/** What the calls came to. Every ticker stands in exactly one of these lists. */
export interface IsolatedSymbols<Asked extends RequestedTicker, Answer> {
  readonly answered: readonly { readonly members: readonly Asked[]; readonly answer: Answer }[];
  readonly refused: readonly RefusedSymbol<Asked>[];
  /** Whoever could not be asked any more; of a suspect group at least one symbol may be a culprit. */
  readonly open: readonly SymbolGroup<Asked>[];
  /** The call that ended it, by an error that says nothing of a symbol; without members when that was the call for the list. */
  readonly failed: { readonly members: readonly Asked[]; readonly error: SourceError } | undefined;
}

/** Most calls of one isolation: one culprit of a thousand symbols takes half of them, and what is left goes on in the next slot. */
export const MAX_ISOLATION_CALLS = 24;

/** A source that has refused so many calls, and answered none, is hardly right: no more are made in this isolation. */
const MAX_REFUSALS_WITHOUT_ANSWER = 8;

/**
 * Asks for tickers so that a symbol that the source does not know takes no other down. A refused group is asked again without the
 * symbols that the source's own list lacks, and is halved where that does not help. Neither words nor a list condemn a symbol: only a
 * call of its own does, and only while the source answers for others, or its list lacks that symbol.
 */
export async function isolateSymbols<Asked extends RequestedTicker, Answer>(
  options: IsolationOptions<Asked, Answer>,
): Promise<IsolatedSymbols<Asked, Answer>> {
  const { groups, ask, together = false, maxCalls = MAX_ISOLATION_CALLS } = options;
  const list = new SymbolList<Asked>(options.unlisted);
  let waiting = groups.filter(({ members }) => members.length > 0).map((group): Item<Asked> => ({ ...group }));
  const answered: { members: readonly Asked[]; answer: Answer }[] = [];
  const refused: { item: Item<Asked>; error: SourceError }[] = [];
  let failed: IsolatedSymbols<Asked, Answer>['failed'];
  const { all, parts } = joined(together ? waiting : []);
  if (all !== undefined) waiting = [all, ...waiting.filter(({ isSuspect }) => !isSuspect)];
  for (let calls = 0; ;) {
    const item = calls === 0 ? waiting[0] : nextOf(waiting);
    if (item === undefined || failed !== undefined) break;
    if (item.isCulprit === true && symbolsOf(item.members).length > 1) {
      replace(waiting, item, halvesOf(item));
      continue;
    }
    if (calls >= (answered.length === 0 ? Math.min(MAX_REFUSALS_WITHOUT_ANSWER, maxCalls) : maxCalls)) break;
    calls += 1;
    const call = await ask(item.members);
    if (call.kind === 'not_asked') break;
    replace(waiting, item, []);
    if (call.kind === 'answered') {
      answered.push({ members: item.members, answer: call.answer });
      item.isAnswered = true;
      // The call for all parts was refused: the culprit is in the last of them.
      const [last, ...others] = (item.parts ?? []).filter(({ isAnswered }) => isAnswered !== true);
      if (last !== undefined && others.length === 0) last.isCulprit = true;
    } else if (item === all && call.kind === 'refused') {
      waiting.push(...inParts(parts));
    } else if (call.kind === 'failed') {
      failed = { members: item.members, error: call.error };
    } else if (symbolsOf(item.members).length === 1) {
      refused.push({ item, error: call.error });
    } else {
      waiting.push(...((await list.divide(item)) ?? halvesOf(item)));
      if (list.error !== undefined) failed = { members: [], error: list.error };
    }
  }
  const unlisted = answered.length > 0 ? undefined : await list.lacking(refused.flatMap(({ item }) => item.members));
  if (list.error !== undefined) failed ??= { members: [], error: list.error };
  return {
    answered,
    failed,
    open: waiting
      .flatMap((item) => (item === all ? parts : [item]))
      .map(({ members, isSuspect }) => ({ members, isSuspect })),
    refused: refused.map(({ item: { members }, error }) => {
      const [symbol = ''] = symbolsOf(members);
      return { symbol, members, error, isCertain: answered.length > 0 || unlisted?.has(symbol) === true };
    }),
  };
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

  constructor(private readonly ask: IsolationOptions<Asked, never>['unlisted']) {}

  /** Those that are listed, and those that are not; undefined when the list does not tell them apart. */
  async divide(item: Item<Asked>): Promise<readonly Item<Asked>[] | undefined> {
    if (this.isAsked) return undefined;
    const unlisted = await this.lacking(item.members);
    if (unlisted === undefined) return undefined;
    const isLacking = ({ sourceSymbol }: Asked): boolean => unlisted.has(sourceSymbol);
    const parts = [item.members.filter((asked) => !isLacking(asked)), item.members.filter(isLacking)];
    return parts.every(({ length }) => length > 0) ? partsOf(parts) : undefined;
  }

  async lacking(members: readonly Asked[]): Promise<ReadonlySet<string> | undefined> {
    if (!this.isAsked && members.length > 0) {
      this.isAsked = true;
      try {
        this.unlisted = await this.ask(symbolsOf(members));
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        this.error = error;
      }
    }
    return this.unlisted;
  }
}

/** The largest group of which nothing is known: it may be answered as a whole. Then those in which a culprit is. */
function nextOf<Asked extends RequestedTicker>(waiting: readonly Item<Asked>[]): Item<Asked> | undefined {
  const rank = ({ isCulprit, members }: Item<Asked>): number => (isCulprit === true ? 0 : members.length);
  return waiting.reduce<Item<Asked> | undefined>(
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

function halvesOf<Asked extends RequestedTicker>({ members }: Item<Asked>): readonly Item<Asked>[] {
  const symbols = symbolsOf(members);
  const first = new Set(symbols.slice(0, Math.ceil(symbols.length / 2)));
  return partsOf([
    members.filter(({ sourceSymbol }) => first.has(sourceSymbol)),
    members.filter(({ sourceSymbol }) => !first.has(sourceSymbol)),
  ]);
}

function partsOf<Asked extends RequestedTicker>(parts: readonly (readonly Asked[])[]): readonly Item<Asked>[] {
  return inParts(parts.map((members): Item<Asked> => ({ members, isSuspect: true })));
}

/** Tells the parts of a group that was refused of each other. */
function inParts<Asked extends RequestedTicker>(items: readonly Item<Asked>[]): readonly Item<Asked>[] {
  for (const item of items) item.parts = items;
  return items;
}

function symbolsOf(members: readonly RequestedTicker[]): readonly string[] {
  return [...new Set(members.map(({ sourceSymbol }) => sourceSymbol))];
}
