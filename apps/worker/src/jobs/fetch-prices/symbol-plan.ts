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

/** Most refused symbols that one fetch tries again: each is a call of its own. */
const MAX_TRIES = 3;

/** The refused symbols of a batch that may be tried again now, the longest waiting first. */
export function symbolsToTry(members: readonly FetchMember[]): readonly string[] {
  const due = members
    .filter(({ refusal }) => refusal?.isDue === true)
    .toSorted((left, right) => (left.refusal?.nextTryMs ?? 0) - (right.refusal?.nextTryMs ?? 0));
  return [...new Set(due.map(({ sourceSymbol }) => sourceSymbol))].slice(0, MAX_TRIES);
}

/**
 * Cuts a batch into calls by what is known of its symbols: those of which nothing bad is known together, each group of suspects apart,
 * and each refused one that is tried again alone. Who found no room beside the others for minutes comes first.
 * @param tried the symbols that this fetch tries again.
 */
export function planSymbols(members: readonly FetchMember[], tried: ReadonlySet<string>): SymbolPlan {
  const rest = members.filter(({ refusal }) => !refusal);
  const refused = members.filter(({ refusal }) => refusal?.suspectGroup === null);
  const suspects = Map.groupBy(
    members.filter(({ refusal }) => typeof refusal?.suspectGroup === 'string'),
    ({ refusal }) => refusal?.suspectGroup,
  );
  const groups = [
    { members: rest, isSuspect: false },
    ...[...suspects.values()].map((group) => ({ members: group, isSuspect: true })),
    ...[...tried].map((symbol) => ({
      members: refused.filter(({ sourceSymbol }) => sourceSymbol === symbol),
      isSuspect: false,
    })),
  ].filter((group) => group.members.length > 0);
  const isOverdue = (group: SymbolGroup<FetchMember>): boolean =>
    group.members.some(({ refusal }) => refusal?.isOverdue === true);
  const ordered = [...groups.filter(isOverdue), ...groups.filter((group) => !isOverdue(group))];
  const together = rest.length === 0 && suspects.size > 1;
  return {
    groups: ordered,
    together,
    tried,
    first: together ? [...suspects.values()].flat() : (ordered[0]?.members ?? []),
    leftOut: refused.filter(({ sourceSymbol }) => !tried.has(sourceSymbol)),
  };
}
