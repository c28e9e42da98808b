import { checkDerivedRows } from './derived-rows.invariant.js';
import { checkEverySlot } from './every-slot.invariant.js';
import type { Finding, Snapshot } from './finding.js';
import { readHorizon, type Horizon } from './horizon.js';
import { checkSingleRows } from './single-rows.invariant.js';
import { inSnapshot } from './snapshot.js';
import { checkTruePrices, type ExpectedPricesOf } from './true-prices.invariant.js';

/** What the checks found, and of which instant. */
export interface Verification {
  readonly horizon: Horizon;
  readonly findings: readonly Finding[];
}

/**
 * Checks I1, I2, I4 and I6 in one read-only transaction that sees one instant, so that a running system verifies as cleanly
 * as a stopped one. Needs a role that may read; writes nothing.
 * @param expectedPricesOf what the simulator's prices were; without it I4 is unproven.
 */
export async function verifyDatabase(url: string, expectedPricesOf?: ExpectedPricesOf): Promise<Verification> {
  return inSnapshot(url, async (snapshot) => {
    const clock = await snapshot.query<{ now: number }>(`SELECT extract(epoch FROM clock_timestamp())::float8 AS now`);
    const horizon = await readHorizon(snapshot, clock.rows[0]?.now ?? 0);
    return { horizon, findings: await findAll(snapshot, horizon, expectedPricesOf) };
  });
}

/** Every finding about what a connection sees. */
export async function findAll(
  snapshot: Snapshot,
  horizon: Horizon,
  expectedPricesOf?: ExpectedPricesOf,
): Promise<Finding[]> {
  return [
    ...(await checkEverySlot(snapshot, horizon)),
    await checkSingleRows(snapshot),
    await checkTruePrices(snapshot, horizon, expectedPricesOf),
    await checkDerivedRows(snapshot),
  ];
}
