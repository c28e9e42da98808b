/** An asset as the list of a source has it, as far as its identity goes. */
export interface ListedAsset {
  readonly source: string;
  /** As the source calls it: `btc-bitcoin`. */
  readonly assetId: string;
  readonly symbol: string;
  readonly name: string;
}

/** What is declared of an asset. It holds whatever the lists say. */
export interface LinkRule {
  /** CoinGecko's id where there is one: `bitcoin`. */
  readonly canonicalId: string;
  /** The symbol that means this asset and no other: `btc`. */
  readonly symbol: string;
  /** For people; undefined: as the lists call it. */
  readonly name?: string | undefined;
  /** What it is held at the price of: `usd`, `btc`. */
  readonly peggedTo?: string | undefined;
  /** What each source calls it; null: this source does not have it. A source that is not named is linked by symbol and name. */
  readonly ids: Readonly<Record<string, string | null>>;
}

/** Why an asset of a source is linked: a rule says so; symbol and name are the same; it is the first, or the only one, of its kind. */
export type LinkedBy = 'rule' | 'symbol_and_name' | 'itself';

/** That an asset of a source is this canonical one. */
export interface AssetLink {
  readonly source: string;
  readonly assetId: string;
  readonly canonicalId: string;
  readonly linkedBy: LinkedBy;
}

/** An asset, whatever its sources call it. */
export interface CanonicalAsset {
  /** CoinGecko's id where it has one there, else `coinpaprika:btc-bitcoin`. */
  readonly canonicalId: string;
  /** In lower case. */
  readonly symbol: string;
  readonly name: string;
  readonly peggedTo: string | null;
  /** Whether its symbol means this asset alone: no other one has it, or a rule says that it is this one's. */
  readonly isSymbolClear: boolean;
}

/** Which assets there are, and what each source calls them. */
export interface AssetIdentities {
  readonly assets: readonly CanonicalAsset[];
  /** Of every asset that was ever listed; no two of one source lead to the same asset. */
  readonly links: readonly AssetLink[];
}

/** The source whose ids are canonical. */
const CANONICAL_SOURCE = 'coingecko';

/** A symbol as it is compared: `BTC` is `btc`. */
export function foldedSymbol(symbol: string): string {
  return symbol.normalize('NFKC').trim().toLowerCase();
}

/** A name as it is compared, by its letters and digits alone: `Shiba-Inu` is `shibainu`. Empty for one that has none. */
export function foldedName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/**
 * Links the assets of different sources that are the same, by rules and else by symbol and name; what neither of them decides is left
 * apart. A link between sources that was made is kept, whoever comes with the same symbol and name later, until a rule says otherwise.
 * The same again changes nothing, and the order of the assets does not matter.
 * @param assets every asset that is listed, each once.
 * @param known what was made of them before.
 */
export function linkAssets(
  assets: readonly ListedAsset[],
  rules: readonly LinkRule[],
  known: AssetIdentities,
): AssetIdentities {
  const listed: Listed = new Map(assets.map((asset) => [keyOf(asset), { ...asset, identity: identityOf(asset) }]));
  const groups = new Groups(rules);
  for (const link of known.links) groups.keep(link);
  for (const asset of assets) groups.add(asset);
  while (joinByName(groups, listed));
  const used = [...groups.all].filter((group) => isUsed(group, listed, known));
  return { assets: describe(used, listed, rules, known), links: used.flatMap(linksOf) };
}

/** The listed assets by their keys, with what they are compared by. */
type Listed = ReadonlyMap<string, ListedAsset & { readonly identity: string | undefined }>;

/** The assets of sources that are one asset: at most one of each source. */
interface Group {
  readonly rule: LinkRule | undefined;
  readonly members: Map<string, { readonly assetId: string; readonly linkedBy: LinkedBy }>;
  /** The id that it had before; undefined for a new one. */
  readonly knownId: string | undefined;
  /** Whether a rule has given an id to another asset. */
  readonly isIdTaken: (id: string) => boolean;
}

class Groups {
  readonly all = new Set<Group>();
  private readonly byId = new Map<string, Group>();
  private readonly byAsset = new Map<string, Group>();

  private readonly ruledIds: ReadonlySet<string>;

  constructor(rules: readonly LinkRule[]) {
    this.ruledIds = new Set(rules.map(({ canonicalId }) => canonicalId));
    for (const rule of rules) {
      const group = this.open(rule.canonicalId, rule);
      for (const [source, assetId] of Object.entries(rule.ids)) {
        const isTaken = this.byAsset.has(keyOf({ source, assetId: assetId ?? '' }));
        if (assetId !== null && !isTaken) this.put(group, { source, assetId, linkedBy: 'rule' });
      }
    }
  }

  /** Keeps a link that was made, unless rules say otherwise now or say nothing any more of what they had said. */
  keep({ canonicalId, linkedBy, ...asset }: AssetLink): void {
    if (linkedBy === 'rule' || this.byAsset.has(keyOf(asset))) return;
    const group = this.byId.get(canonicalId) ?? this.open(canonicalId, undefined, canonicalId);
    if (mayTake(group, asset.source)) this.put(group, { ...asset, linkedBy });
  }

  /** An asset that is linked to nothing yet stands for itself. */
  add({ source, assetId }: ListedAsset): void {
    if (this.byAsset.has(keyOf({ source, assetId }))) return;
    const ownId = source === CANONICAL_SOURCE ? assetId : `${source}:${assetId}`;
    const own = this.byId.get(ownId);
    const group = own !== undefined && mayTake(own, source) ? own : this.open(ownId, undefined);
    this.put(group, { source, assetId, linkedBy: 'itself' });
  }

  /** Makes two groups one: what the other has is this one's from now on. */
  join(group: Group, other: Group): void {
    for (const [source, { assetId }] of other.members)
      this.put(group, { source, assetId, linkedBy: 'symbol_and_name' });
    this.all.delete(other);
  }

  private open(id: string, rule: LinkRule | undefined, knownId?: string): Group {
    const group: Group = { rule, members: new Map(), knownId, isIdTaken: (taken) => this.ruledIds.has(taken) };
    this.all.add(group);
    if (!this.byId.has(id)) this.byId.set(id, group);
    return group;
  }

  private put(group: Group, member: { source: string; assetId: string; linkedBy: LinkedBy }): void {
    group.members.set(member.source, { assetId: member.assetId, linkedBy: member.linkedBy });
    this.byAsset.set(keyOf(member), group);
  }
}

function mayTake(group: Group, source: string): boolean {
  return !group.members.has(source) && group.rule?.ids[source] === undefined;
}

/**
 * Joins groups whose listed assets have one symbol and one name, where each source has it once.
 * @returns whether there were any: what was joined may have a further name.
 */
function joinByName(groups: Groups, listed: Listed): boolean {
  const named = [...groups.all].flatMap((group) =>
    [...new Set(membersOf(group, listed).flatMap(({ identity }) => identity ?? []))].map((identity) => ({
      identity,
      group,
    })),
  );
  const shared = [...Map.groupBy(named, ({ identity }) => identity)].filter(([, { length }]) => length > 1);
  let isAnyJoined = false;
  // In one order, whatever that of the assets is.
  for (const [, sharing] of shared.toSorted(([left], [right]) => (left < right ? -1 : 1))) {
    const alike = sharing.map(({ group }) => group).filter((group) => groups.all.has(group));
    if (alike.length < 2 || !canBeOne(alike)) continue;
    const [first, ...others] = alike.toSorted((left, right) => compare(rankOf(left), rankOf(right)));
    for (const other of others) if (first !== undefined) groups.join(first, other);
    isAnyJoined = true;
  }
  return isAnyJoined;
}

/** Symbol and name as they are compared; undefined when one of them says nothing. */
function identityOf({ symbol, name }: ListedAsset): string | undefined {
  const [folded, named] = [foldedSymbol(symbol), foldedName(name)];
  return folded === '' || named === '' ? undefined : `${folded}\n${named}`;
}

/** No source has two of them, none of them has one that a rule forbids, and rules say at most of one of them what it is. */
function canBeOne(alike: readonly Group[]): boolean {
  const sources = alike.flatMap((group) => [...group.members.keys()]);
  if (new Set(sources).size !== sources.length) return false;
  const ruled = alike.filter(({ rule }) => rule !== undefined);
  const [only] = ruled;
  if (only === undefined) return true;
  return (
    ruled.length === 1 &&
    alike.every((group) => group === only || [...group.members.keys()].every((source) => mayTake(only, source)))
  );
}

/** Which group the others join: one of a rule, else one with an id of CoinGecko, else the one with most members. */
function rankOf(group: Group): readonly (number | string)[] {
  const hasCanonical = group.members.has(CANONICAL_SOURCE);
  return [group.rule === undefined ? 1 : 0, hasCanonical ? 0 : 1, -group.members.size, idOf(group)];
}

function compare(left: readonly (number | string)[], right: readonly (number | string)[]): number {
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? value;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

/** That of its rule, else CoinGecko's, else the one that it had, else the first one of its sources. */
function idOf({ rule, members, knownId, isIdTaken }: Group): string {
  if (rule !== undefined) return rule.canonicalId;
  const canonical = members.get(CANONICAL_SOURCE);
  if (canonical !== undefined && !isIdTaken(canonical.assetId)) return canonical.assetId;
  const own = [...members].map(([source, { assetId }]) => `${source}:${assetId}`).toSorted();
  return own.find((id) => id === knownId) ?? own[0] ?? '';
}

/** A rule of assets that nobody has listed says nothing of any. */
function isUsed(group: Group, listed: Listed, known: AssetIdentities): boolean {
  if (group.members.size === 0) return false;
  if (group.rule === undefined || membersOf(group, listed).length > 0) return true;
  return known.assets.some(({ canonicalId }) => canonicalId === group.rule?.canonicalId);
}

function membersOf({ members }: Group, listed: Listed) {
  return [...members].flatMap(([source, { assetId }]) => listed.get(keyOf({ source, assetId })) ?? []);
}

function linksOf(group: Group): AssetLink[] {
  const canonicalId = idOf(group);
  return [...group.members].map(([source, { assetId, linkedBy }]) => ({ source, assetId, canonicalId, linkedBy }));
}

function describe(
  groups: readonly Group[],
  listed: Listed,
  rules: readonly LinkRule[],
  known: AssetIdentities,
): CanonicalAsset[] {
  const before = new Map(known.assets.map((asset) => [asset.canonicalId, asset]));
  const described = groups.map((group) => {
    const canonicalId = idOf(group);
    const [asset] = membersOf(group, listed).toSorted((left, right) => compare(orderOf(left), orderOf(right)));
    const said = asset ?? before.get(canonicalId);
    return {
      canonicalId,
      symbol: foldedSymbol(group.rule?.symbol ?? said?.symbol ?? canonicalId),
      name: group.rule?.name ?? said?.name ?? canonicalId,
      peggedTo: group.rule?.peggedTo ?? null,
      rule: group.rule,
    };
  });
  const declared = new Set(rules.map(({ symbol }) => foldedSymbol(symbol)));
  const holders = Map.groupBy(described, ({ symbol }) => symbol);
  return described.map(({ rule, ...asset }) => ({
    ...asset,
    isSymbolClear: rule === undefined ? !declared.has(asset.symbol) && holders.get(asset.symbol)?.length === 1 : true,
  }));
}

function orderOf({ source }: ListedAsset): readonly (number | string)[] {
  return [source === CANONICAL_SOURCE ? 0 : 1, source];
}

function keyOf({ source, assetId }: { readonly source: string; readonly assetId: string }): string {
  return `${source}\n${assetId}`;
}
