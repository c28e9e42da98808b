import type { SymbolGroup } from '@app/sources';
import type { FetchMember } from '@app/storage';

/** How the tickers of a fetch are asked for. */
export interface SymbolPlan {
  /** One call each at first, in this order. Empty when every symbol is refused, and none is to be tried again yet. */
  readonly groups: readonly SymbolGroup<FetchMember>[];
  /** Nobody of the batch was answered so far: all suspects are asked in one call first. */
  readonly together: boolean;
  /** The tickers of the first call. */
  readonly first: readonly FetchMember[];
  /** The refused symbols that are tried again: nobody else tries them meanwhile. */
  readonly tried: ReadonlySet<string>;
  /** Their symbols are refused, and are not asked for this time. */
  readonly leftOut: readonly FetchMember[];
}

/** Most refused symbols that one fetch tries again by a call of its own each. */
const MAX_TRIES = 3;

/**
 * The refused symbols of a batch that may be tried again now, call by call, the longest waiting first: those that may be back together, and
 * a few others alone.
 */
export function callsToTry(members: readonly FetchMember[]): readonly (readonly string[])[] {
  const due = members.filter(({ refusal }) => refusal?.isDue === true).toSorted(byNextTry);
  const back = symbolsOf(due.filter(mayBeBack));
  const others = symbolsOf(due.filter((member) => !mayBeBack(member))).slice(0, MAX_TRIES);
  return [back, ...others.map((symbol) => [symbol])].filter(({ length }) => length > 0);
}

/**
 * Cuts a batch into calls by what is known of its symbols: those of which nothing bad is known together, each group of suspects apart, in
 * the order in which they were asked the last time, the refused ones that may be back together, and any other that is tried again alone.
 * Who found no room beside the others in earlier slots, for minutes, comes first.
 *
 * When nobody was answered so far, the source may be right again for all of them: a call for all finds out. Where the limit had no room
 * for the calls that were to follow it, every second time, by chance, it is left out, and they begin: with that group of suspects which
 * waits longest. By chance, since slots that are called may follow any pattern, when the circuit of the source opens and closes.
 * @param tried the symbols that this fetch tries again.
 * @param random from 0 to 1.
 */
export function planSymbols(members: readonly FetchMember[], tried: ReadonlySet<string>, random: number): SymbolPlan {
  const rest = members.filter(({ refusal }) => !refusal);
  const refused = members.filter(({ refusal }) => refusal?.suspectGroup === null);
  const suspects = Map.groupBy(
    members.filter(({ refusal }) => typeof refusal?.suspectGroup === 'string'),
    ({ refusal }) => refusal?.suspectGroup,
  );
  const longestUnasked = [...suspects.values()].toSorted((left, right) => lastTriedMs(left) - lastTriedMs(right));
  const again = refused.filter(({ sourceSymbol }) => tried.has(sourceSymbol));
  const alone = symbolsOf(again.filter((member) => !mayBeBack(member)).toSorted(byNextTry));
  const groups = [
    { members: rest, isSuspect: false },
    ...longestUnasked.map((group) => ({ members: group, isSuspect: true })),
    ...[
      again.filter(mayBeBack),
      ...alone.map((symbol) => again.filter(({ sourceSymbol }) => sourceSymbol === symbol)),
    ].map((group) => ({ members: group, isSuspect: false, wasRefused: true })),
  ].filter((group) => group.members.length > 0);
  const isOverdue = (group: SymbolGroup<FetchMember>): boolean =>
    group.members.some(({ refusal }) => refusal?.isOverdue === true);
  const ordered = [...groups.filter(isOverdue), ...groups.filter((group) => !isOverdue(group))];
  const isRoomScarce = longestUnasked.flat().some(({ refusal }) => refusal?.wasPassedOver === true);
  const together = rest.length === 0 && suspects.size > 1 && (!isRoomScarce || random < 0.5);
  return {
    groups: ordered,
    together,
    tried,
    first: together ? [...suspects.values()].flat() : (ordered[0]?.members ?? []),
    leftOut: refused.filter(({ sourceSymbol }) => !tried.has(sourceSymbol)),
  };
}

function mayBeBack({ refusal }: FetchMember): boolean {
  return refusal?.mayBeBack === true;
}

function byNextTry(left: FetchMember, right: FetchMember): number {
  return (left.refusal?.nextTryMs ?? 0) - (right.refusal?.nextTryMs ?? 0);
}

function lastTriedMs(members: readonly FetchMember[]): number {
  return Math.min(...members.map(({ refusal }) => refusal?.lastTriedMs ?? 0));
}

function symbolsOf(members: readonly FetchMember[]): readonly string[] {
  return [...new Set(members.map(({ sourceSymbol }) => sourceSymbol))];
}
