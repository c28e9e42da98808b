import type pg from 'pg';

/** The invariants of docs/architecture.md, by their names. */
export type InvariantName = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6';

/** One place where an invariant is broken. */
export interface Example {
  /** The ticker; the batch or the table where no ticker can be named. */
  readonly ticker: string;
  /** UNIX seconds; null where no slot can be named. */
  readonly slot: number | null;
  readonly detail: string;
}

/** One way in which an invariant is broken, and how often. */
export interface Problem {
  readonly problem: string;
  readonly count: number;
  /** The first few, at most {@link MAX_EXAMPLES}. */
  readonly examples: readonly Example[];
}

/** A number that shows how much was looked at; `parts` says what it consists of. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly parts?: Readonly<Record<string, number>>;
}

/** What a check found out about one invariant. */
export interface Finding {
  readonly invariant: InvariantName;
  readonly title: string;
  /** `unproven`: this run could not tell; never a hidden `ok`. */
  readonly status: 'ok' | 'broken' | 'unproven';
  readonly figures: readonly Figure[];
  readonly problems: readonly Problem[];
  /** Why it is unproven. */
  readonly reason?: string;
}

/** What the checks read from: a connection in a repeatable-read transaction, so that all see the same instant. */
export type Snapshot = Pick<pg.ClientBase, 'query'>;

/** How many places are named for each problem. */
export const MAX_EXAMPLES = 10;

/** What is wrong with one row. */
export interface Fault {
  readonly problem: string;
  readonly detail: string;
}

/** Adds what is wrong with the slot of a ticker, if anything is. */
export function addFault(
  problems: ProblemList,
  { ticker, slot }: { readonly ticker: string; readonly slot: number },
  fault?: Fault,
): void {
  if (fault === undefined) return;
  problems.add({ problem: fault.problem, count: 1, examples: [{ ticker, slot, detail: fault.detail }] });
}

/** Collects problems, also when the same one comes in several portions. */
export class ProblemList {
  private readonly byName = new Map<string, { count: number; examples: Example[] }>();

  /** Adds a portion; a count of 0 adds nothing. */
  add({ problem, count, examples }: Problem): void {
    if (count === 0) return;
    const known = this.byName.get(problem) ?? { count: 0, examples: [] };
    this.byName.set(problem, {
      count: known.count + count,
      examples: [...known.examples, ...examples].slice(0, MAX_EXAMPLES),
    });
  }

  /** What was collected, in the order of its first appearance. */
  get problems(): Problem[] {
    return [...this.byName].map(([problem, found]) => ({ problem, ...found }));
  }

  /** `broken` as soon as there is one problem. */
  get status(): 'ok' | 'broken' {
    return this.byName.size === 0 ? 'ok' : 'broken';
  }

  /** Runs a statement that gives rows of {@link Problem}, made with {@link summarise}, and adds them. */
  async addFrom(snapshot: Snapshot, sql: string, values: readonly unknown[] = []): Promise<void> {
    const found = await snapshot.query<Problem>(sql, [...values]);
    for (const row of found.rows) this.add(row);
  }
}

/**
 * SQL that counts rows `(problem, ticker, slot, detail)` by problem and keeps the first few of each.
 * @param rows name of such a relation, or a query in brackets.
 */
export function summarise(rows: string): string {
  return `SELECT problem, count(*)::float8 AS count,
                 to_jsonb((array_agg(jsonb_build_object('ticker', ticker, 'slot', slot, 'detail', detail) ORDER BY slot, ticker))[1:${MAX_EXAMPLES}]) AS examples
          FROM ${rows} AS found GROUP BY problem ORDER BY problem`;
}
