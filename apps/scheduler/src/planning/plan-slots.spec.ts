import { deadlineOf, slotAt, slotAtOrAfter, type Schedule, type ScheduledSource } from '@app/domain';
import type { Plan, PlannedFetch } from '@app/storage';
import fc from 'fast-check';
import { planSlots } from './plan-slots.js';

/** A whole minute, an hour and a day of UNIX time, so that every usual interval begins here. */
const T = 1_766_016_000;

describe('planning slots', () => {
  it('plans a fetch for every source of a slot whose window is open, and nothing for the rest', () => {
    const schedule = aSchedule({ plannedTo: T, sources: [aSource(1), aSource(2)] });
    const plan = planSlots([schedule], { nowSeconds: T + 3 });
    expect(plan.gaps).toEqual([]);
    expect(plan.fetches).toEqual([
      { sourceId: 1, batch: 'btc_usd', slot: T, deadline: T + 15, maxAttempts: 3 },
      { sourceId: 2, batch: 'btc_usd', slot: T, deadline: T + 15, maxAttempts: 3 },
    ]);
    expect(plan.advances).toEqual([{ scheduleId: 1, plannedTo: T + 60 }]);
  });

  it('leaves a standby source to the store that finds the others failed', () => {
    const sources = [aSource(1), aSource(2, { standby: true }), aSource(3)];
    const plan = planSlots([aSchedule({ plannedTo: T, sources })], { nowSeconds: T });
    expect(plan.fetches.map(({ sourceId }) => sourceId)).toEqual([1, 3]);
  });

  it.each([
    [60, 14, true],
    [60, 15, false],
    [5, 4, true],
    [15, 14, true],
  ])('at interval %i s, %i s into the slot, the window is open: %s', (intervalSeconds, seconds, isOpen) => {
    const schedule = aSchedule({ plannedTo: T, intervalSeconds });
    const { fetches, gaps } = planSlots([schedule], { nowSeconds: T + seconds });
    expect(fetches.map((fetch) => fetch.slot)).toEqual(isOpen ? [T] : []);
    expect(gaps.map((gap) => [gap.fromSlot, gap.toSlot])).toEqual(isOpen ? [] : [[T, T + intervalSeconds]]);
  });

  it('records a slot whose window has passed as a gap that nobody planned, and goes on with the next', () => {
    const schedule = aSchedule({ plannedTo: T });
    const plan = planSlots([schedule], { nowSeconds: T + 15 });
    expect(plan.fetches).toEqual([]);
    expect(plan.gaps).toEqual([aGap(T, T + 60, 'not_planned')]);
    expect(plan.advances).toEqual([{ scheduleId: 1, plannedTo: T + 60 }]);
  });

  it('plans the open slot and records what was missed before it as one range', () => {
    const plan = planSlots([aSchedule({ plannedTo: T })], { nowSeconds: T + 301 });
    expect(plan.fetches.map((fetch) => fetch.slot)).toEqual([T + 300]);
    expect(plan.gaps).toEqual([aGap(T, T + 300, 'not_planned')]);
  });

  it('records a month off at one second as one range, with one fetch', () => {
    const month = 31 * 86_400;
    const plan = planSlots([aSchedule({ plannedTo: T, intervalSeconds: 1 })], { nowSeconds: T + month });
    expect(plan.gaps).toEqual([aGap(T, T + month, 'not_planned')]);
    expect(plan.fetches).toHaveLength(1);
    expect(plan.advances).toEqual([{ scheduleId: 1, plannedTo: T + month + 1 }]);
  });

  it('plans nothing again for a slot that has been dealt with', () => {
    const plan = planSlots([aSchedule({ plannedTo: T + 60 })], { nowSeconds: T + 20 });
    expect(plan).toMatchObject({ fetches: [], gaps: [], advances: [{ plannedTo: T + 60 }] });
  });

  it('plans the last slot of a closed schedule, and nothing at its end', () => {
    const closed = { plannedTo: T, toSlot: T + 60 };
    expect(planSlots([aSchedule(closed)], { nowSeconds: T + 1 }).fetches.map((fetch) => fetch.slot)).toEqual([T]);
    const after = planSlots([aSchedule(closed)], { nowSeconds: T + 61 });
    expect(after.fetches).toEqual([]);
    expect(after.gaps).toEqual([aGap(T, T + 60, 'not_planned')]);
    expect(after.advances).toEqual([{ scheduleId: 1, plannedTo: T + 60 }]);
  });

  it('ends a closed schedule between two of its slots without a slot beyond its end', () => {
    const closed = aSchedule({ plannedTo: T, toSlot: T + 7 });
    const plan = planSlots([closed], { nowSeconds: T + 300 });
    expect(plan.gaps).toEqual([aGap(T, T + 7, 'not_planned')]);
    expect(plan.advances).toEqual([{ scheduleId: 1, plannedTo: T + 7 }]);
  });

  it('plans both versions of a ticker at an interval change, each in its own range', () => {
    const before = aSchedule({ id: 1, plannedTo: T, toSlot: T + 60 });
    const after = aSchedule({ id: 2, fromSlot: T + 60, plannedTo: T + 60, intervalSeconds: 5 });
    const plan = planSlots([before, after], { nowSeconds: T + 66 });
    expect(plan.gaps).toEqual([aGap(T, T + 60, 'not_planned'), aGap(T + 60, T + 65, 'not_planned')]);
    expect(plan.fetches.map((fetch) => fetch.slot)).toEqual([T + 65]);
    expect(plan.advances).toEqual([
      { scheduleId: 1, plannedTo: T + 60 },
      { scheduleId: 2, plannedTo: T + 70 },
    ]);
  });

  it('asks a source only at its own multiple of the interval', () => {
    const sources = [aSource(1), aSource(2, { intervalSeconds: 180 })];
    const asked = (nowSeconds: number) =>
      planSlots([aSchedule({ plannedTo: nowSeconds, sources })], { nowSeconds }).fetches.map((fetch) => fetch.sourceId);
    expect(asked(T)).toEqual([1, 2]);
    expect(asked(T + 60)).toEqual([1]);
    expect(asked(T + 180)).toEqual([1, 2]);
  });

  it.each([
    [1, 1],
    [4, 1],
    [5, 3],
    [60, 3],
  ])('allows a slot of %i s %i attempts', (intervalSeconds, maxAttempts) => {
    const plan = planSlots([aSchedule({ plannedTo: T, intervalSeconds })], { nowSeconds: T });
    expect(plan.fetches).toMatchObject([{ maxAttempts }]);
  });

  it('makes one call for the tickers of a batch, within the shortest of their windows', () => {
    const inBatch = (id: number, intervalSeconds: number): Schedule =>
      aSchedule({
        id,
        tickerId: id,
        ticker: `t${id}_usd`,
        plannedTo: T,
        intervalSeconds,
        sources: [aSource(2, { batch: 'all' })],
      });
    const plan = planSlots([inBatch(1, 60), inBatch(2, 4), inBatch(3, 10)], { nowSeconds: T });
    expect(plan.fetches).toEqual([{ sourceId: 2, batch: 'all', slot: T, deadline: T + 4, maxAttempts: 1 }]);
    expect(plan.advances).toHaveLength(3);
  });

  it('keeps batches of one name at two sources apart, and two batches of one source', () => {
    const of = (id: number, sourceId: number, batch: string): Schedule =>
      aSchedule({ id, tickerId: id, plannedTo: T, sources: [aSource(sourceId, { batch })] });
    const plan = planSlots([of(1, 1, 'all'), of(2, 2, 'all'), of(3, 2, 'others')], { nowSeconds: T });
    expect(plan.fetches.map((fetch) => [fetch.sourceId, fetch.batch])).toEqual([
      [1, 'all'],
      [2, 'all'],
      [2, 'others'],
    ]);
  });

  it('splits a gap where the database went away in the middle of it', () => {
    const plan = planSlots([aSchedule({ plannedTo: T, intervalSeconds: 5 })], {
      nowSeconds: T + 60,
      databaseAwaySince: T + 21,
    });
    expect(plan.gaps).toEqual([aGap(T, T + 25, 'not_planned'), aGap(T + 25, T + 60, 'database_unavailable')]);
    expect(plan.fetches.map((fetch) => fetch.slot)).toEqual([T + 60]);
  });

  it.each([
    ['before the gap', T - 100, 'database_unavailable'],
    ['at its first slot', T, 'database_unavailable'],
    ['after its last slot', T + 56, 'not_planned'],
  ])('gives one reason to a gap when the database went away %s', (_when, databaseAwaySince, reason) => {
    const plan = planSlots([aSchedule({ plannedTo: T, intervalSeconds: 5 })], {
      nowSeconds: T + 60,
      databaseAwaySince,
    });
    expect(plan.gaps).toEqual([aGap(T, T + 60, reason)]);
  });

  it('deals with every expected slot exactly once, whenever it is woken', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const dealt = live(world);
        const faults = world.schedules.flatMap((schedule) => faultsOf(schedule, dealt, world.wakeUps.at(-1) ?? T));
        expect(faults).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

interface World {
  readonly schedules: readonly Schedule[];
  /** UNIX seconds, ascending. */
  readonly wakeUps: readonly number[];
  readonly databaseAwaySince: number | undefined;
}

const anyInterval = fc.constantFrom(1, 2, 5, 7, 15, 60, 90, 3_600);

/** Versions that follow one another, of two tickers that share a batch; the last version of a ticker may be open. */
const anyWorld: fc.Arbitrary<World> = fc
  .record({
    versions: fc.array(
      fc.record({
        intervalSeconds: anyInterval,
        slots: fc.integer({ min: 1, max: 40 }),
        every: fc.integer({ min: 1, max: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    isClosed: fc.boolean(),
    pauses: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 0, max: 8 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
      ),
      {
        minLength: 1,
        maxLength: 60,
      },
    ),
    databaseAway: fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined }),
  })
  .map(({ versions, isClosed, pauses, databaseAway }) => {
    let from = T;
    const schedules = versions.flatMap(({ intervalSeconds, slots, every }, index) => {
      const fromSlot = slotAtOrAfter(from, intervalSeconds);
      // The next version begins at a slot of its own interval, which may lie between two slots of this one.
      const next = versions[index + 1];
      const end =
        next === undefined
          ? fromSlot + slots * intervalSeconds
          : slotAtOrAfter(fromSlot + slots * intervalSeconds - 1, next.intervalSeconds);
      const toSlot = next !== undefined || isClosed ? end : undefined;
      from = end;
      return [1, 2].map((tickerId) =>
        aSchedule({
          id: index * 2 + tickerId,
          tickerId,
          ticker: `t${tickerId}_usd`,
          fromSlot,
          toSlot,
          plannedTo: fromSlot,
          intervalSeconds,
          sources: [
            aSource(1, { batch: `t${tickerId}`, intervalSeconds }),
            aSource(2, { batch: 'all', intervalSeconds: every * intervalSeconds }),
          ],
        }),
      );
    });
    let now = T;
    const wakeUps = pauses.map((pause) => (now += pause));
    return { schedules, wakeUps, databaseAwaySince: databaseAway === undefined ? undefined : T + databaseAway };
  });

interface Dealt {
  readonly fetches: readonly PlannedFetch[];
  readonly gaps: Plan['gaps'];
}

/** Plans at every wake-up as the planner does: what is due is planned, and then stands where the plan put it. */
function live({ schedules, wakeUps, databaseAwaySince }: World): Dealt {
  const plannedTo = new Map(schedules.map((schedule) => [schedule.id, schedule.plannedTo]));
  const fetches: PlannedFetch[] = [];
  const gaps: Plan['gaps'][number][] = [];
  for (const nowSeconds of wakeUps) {
    const due = schedules
      .map((schedule) => ({ ...schedule, plannedTo: plannedTo.get(schedule.id) ?? schedule.plannedTo }))
      .filter((schedule) => schedule.plannedTo <= nowSeconds && schedule.plannedTo < (schedule.toSlot ?? Infinity));
    const plan = planSlots(due, { nowSeconds, databaseAwaySince });
    fetches.push(...plan.fetches);
    gaps.push(...plan.gaps);
    if (plan.advances.length !== due.length) throw new Error('a schedule that was due was not advanced');
    for (const { scheduleId, plannedTo: to } of plan.advances) {
      if (to <= (plannedTo.get(scheduleId) ?? 0)) throw new Error(`schedule ${scheduleId} did not advance`);
      plannedTo.set(scheduleId, to);
    }
    const closed = plan.fetches.find((fetch) => fetch.slot > nowSeconds || fetch.deadline <= nowSeconds);
    if (closed !== undefined) throw new Error(`slot ${closed.slot} was planned while its window was not open`);
  }
  return { fetches, gaps };
}

/** Every slot of the schedule up to `now` is in one fetch of each source that was due, or in exactly one gap. Says what is wrong. */
function faultsOf(schedule: Schedule, { fetches, gaps }: Dealt, now: number): string[] {
  const { tickerId, fromSlot, intervalSeconds } = schedule;
  const faults: string[] = [];
  const end = Math.min(schedule.toSlot ?? Infinity, slotAt(now * 1000, intervalSeconds) + intervalSeconds);
  const isMine = (slot: number): boolean => slot >= fromSlot && slot < (schedule.toSlot ?? Infinity);
  const mine = gaps.filter((gap) => gap.tickerId === tickerId && isMine(gap.fromSlot));
  const calls = Map.groupBy(fetches, keyOf);
  for (const gap of mine) if (gap.toSlot > end) faults.push(`the gap at ${gap.fromSlot} reaches beyond ${end}`);
  for (let slot = fromSlot; slot < end; slot += intervalSeconds) {
    const inGaps = mine.filter((gap) => gap.fromSlot <= slot && slot < gap.toSlot).length;
    if (inGaps > 1) faults.push(`slot ${slot} is in ${inGaps} gaps`);
    for (const { sourceId, batch } of schedule.sources.filter((source) => slot % source.intervalSeconds === 0)) {
      const found = calls.get(keyOf({ sourceId, batch, slot })) ?? [];
      if (found.length + inGaps !== 1)
        faults.push(`slot ${slot}: ${found.length} calls to ${sourceId}, ${inGaps} gaps`);
      if (found[0] !== undefined && found[0].deadline !== deadlineOf(slot, intervalSeconds))
        faults.push(`slot ${slot}: deadline ${found[0].deadline}`);
    }
  }
  return faults;
}

function keyOf({ sourceId, batch, slot }: Pick<PlannedFetch, 'sourceId' | 'batch' | 'slot'>): string {
  return `${sourceId} ${batch} ${slot}`;
}

function aGap(fromSlot: number, toSlot: number, reason: string) {
  return { tickerId: 1, ticker: 'btc_usd', fromSlot, toSlot, reason };
}

function aSource(sourceId: number, options: Partial<ScheduledSource> = {}): ScheduledSource {
  return {
    sourceId,
    position: sourceId - 1,
    sourceSymbol: 'btc_usd',
    batch: 'btc_usd',
    intervalSeconds: 1,
    ...options,
  };
}

function aSchedule(options: Partial<Schedule>): Schedule {
  return {
    id: 1,
    tickerId: 1,
    ticker: 'btc_usd',
    fromSlot: T,
    toSlot: undefined,
    intervalSeconds: 60,
    rule: 'priority',
    plannedTo: T,
    sources: [aSource(1)],
    ...options,
  };
}
