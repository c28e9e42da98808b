import type { DriftSighting } from './drift.repository.js';

/** A field that was seen to have drifted. */
export interface SeenDrift {
  readonly endpoint: string;
  /** Where it stands in the answer. */
  readonly field: readonly string[];
  readonly detail: string;
  /** Names of the tickers that were asked for, in one of which it may stand. */
  readonly names: readonly string[];
  readonly seenAt: Date;
}

/** Different fields of one endpoint that are told apart; a source that changes everything at once is one event more. */
const MAX_FIELDS = 50;

/** Stands for the fields beyond {@link MAX_FIELDS}. */
const OTHERS = '(others)';
/** Stands for the whole answer. */
const WHOLE = '(answer)';

/** Counts drifts between two writes, so that a field that is gone from a thousand answers is one row and one write. */
export class DriftTally {
  private sightings = new Map<string, DriftSighting>();
  private readonly fields = new Map<string, Set<string>>();
  private readonly sources = new Map<number, string>();

  /** How many different ones wait. */
  get size(): number {
    return this.sightings.size;
  }

  add({ source, sourceId }: { readonly source: string; readonly sourceId: number }, drift: SeenDrift): void {
    this.sources.set(sourceId, source);
    const { endpoint, detail, seenAt } = drift;
    const field = this.bounded(`${sourceId} ${endpoint}`, fieldOf(drift));
    this.merge({ sourceId, endpoint, field, detail, firstSeenAt: seenAt, lastSeenAt: seenAt, count: 1 });
  }

  /** What was seen since the last time. */
  take(): DriftSighting[] {
    const taken = [...this.sightings.values()];
    this.sightings = new Map();
    return taken;
  }

  /** Adds what could not be written. */
  putBack(sightings: readonly DriftSighting[]): void {
    const since = this.take();
    for (const sighting of [...sightings, ...since]) this.merge(sighting);
  }

  /** Name of a source of which something was seen. */
  sourceOf(sourceId: number): string | undefined {
    return this.sources.get(sourceId);
  }

  private merge(sighting: DriftSighting): void {
    const key = JSON.stringify([sighting.sourceId, sighting.endpoint, sighting.field]);
    const before = this.sightings.get(key);
    this.sightings.set(
      key,
      before === undefined
        ? sighting
        : { ...sighting, firstSeenAt: before.firstSeenAt, count: before.count + sighting.count },
    );
  }

  private bounded(endpoint: string, field: string): string {
    const known = this.fields.get(endpoint) ?? new Set();
    this.fields.set(endpoint, known);
    if (!known.has(field) && known.size >= MAX_FIELDS) return OTHERS;
    known.add(field);
    return field;
  }
}

/** The field without what changes from ticker to ticker: `*.usd` for `bitcoin.usd`, `data.*.priceUsd` for `data.7.priceUsd`. */
function fieldOf({ field, names }: SeenDrift): string {
  const steps = field.map((step) => (names.includes(step) || /^\d+$/.test(step) ? '*' : step));
  return steps.length === 0 ? WHOLE : steps.join('.').slice(0, 200);
}
