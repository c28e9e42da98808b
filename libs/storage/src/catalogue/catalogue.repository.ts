import {
  deadlineOf,
  parseTicker,
  slotAt,
  slotAtOrAfter,
  type Rule,
  type RuleOptions,
  type ScheduledSource,
} from '@app/domain';
import { isDeepStrictEqual } from 'node:util';
import { In, IsNull, Raw, type DataSource, type EntityManager } from 'typeorm';
import { ScheduleEntity, TickerEntity, TickerSourceEntity } from '../schema/entities/index.js';

/** How a ticker shall be sampled. */
export interface TickerConfiguration {
  readonly ticker: string;
  readonly intervalSeconds: number;
  readonly rule: Rule;
  /** Limits of its checks and of its median, where they are not the usual ones. */
  readonly ruleOptions?: RuleOptions | undefined;
  /** In order of preference, at least one. */
  readonly sources: readonly ScheduledSource[];
}

/** A ticker as the catalogue has it now. */
export interface CataloguedTicker {
  readonly ticker: string;
  readonly enabled: boolean;
  /** How it is sampled, or was last. */
  readonly intervalSeconds: number;
  readonly rule: Rule;
  /** Limits of its checks and of its median, where they are not the usual ones. */
  readonly ruleOptions: RuleOptions;
  /** First slot of this version, and the first after it (undefined while it holds). */
  readonly fromSlot: number;
  readonly toSlot: number | undefined;
  readonly sources: readonly ScheduledSource[];
}

/** Whether a version, were it to hold, samples as planned: at the same interval, by the same rule and limits, from the same sources. */
export function isSampledAs(version: Omit<TickerConfiguration, 'ticker'>, configuration: TickerConfiguration): boolean {
  return (
    version.intervalSeconds === configuration.intervalSeconds &&
    version.rule === configuration.rule &&
    isDeepStrictEqual(stored(version.ruleOptions), stored(configuration.ruleOptions)) &&
    version.sources.length === configuration.sources.length &&
    configuration.sources.every((source, index) => {
      const known = version.sources[index];
      return (
        known?.sourceId === source.sourceId &&
        known.sourceSymbol === source.sourceSymbol &&
        known.batch === source.batch &&
        known.intervalSeconds === source.intervalSeconds &&
        (known.standby ?? false) === (source.standby ?? false) &&
        known.quotedIn === source.quotedIn
      );
    })
  );
}

/** Options as they come back from the database: without what is undefined. */
function stored(options: RuleOptions = {}): unknown {
  return JSON.parse(JSON.stringify(options));
}

/** What a change did to a ticker; `unchanged` when it already was as asked. */
export type ChangeOutcome = 'created' | 'changed' | 'unchanged';

/**
 * The catalogue: which tickers are sampled, and how. A change closes the version that holds and opens the next at a slot
 * boundary ahead of everything that has been planned, so that "which slots were expected?" has one answer for ever.
 */
export class CatalogueRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Every ticker ever catalogued, by name, each with its newest version. */
  async list(): Promise<CataloguedTicker[]> {
    const tickers = await this.dataSource.getRepository(TickerEntity).find({ order: { ticker: 'ASC' } });
    return this.withNewestSchedules(this.dataSource.manager, tickers);
  }

  /** One ticker; undefined when it was never catalogued. */
  async find(ticker: string): Promise<CataloguedTicker | undefined> {
    const tickers = await this.dataSource.getRepository(TickerEntity).findBy({ ticker });
    return (await this.withNewestSchedules(this.dataSource.manager, tickers))[0];
  }

  /** Makes a ticker be sampled as planned from the next slot boundary on. */
  async put(configuration: TickerConfiguration, nowMs: number): Promise<ChangeOutcome> {
    return this.dataSource.transaction((manager) => putTicker(manager, configuration, nowMs));
  }

  /** As {@link put} for several tickers, all or none. @returns what it did to each. */
  async putAll(configurations: readonly TickerConfiguration[], nowMs: number): Promise<ChangeOutcome[]> {
    // None of them holds before all are stored.
    const storedMs = nowMs + configurations.length * MAX_PUT_MS;
    // In one order, so that two who store the same do not wait for each other.
    const ordered = configurations.toSorted((left, right) => (left.ticker < right.ticker ? -1 : 1));
    return this.dataSource.transaction(async (manager) => {
      const outcomes = new Map<string, ChangeOutcome>();
      for (const each of ordered) outcomes.set(each.ticker, await putTicker(manager, each, storedMs));
      return configurations.map(({ ticker }) => outcomes.get(ticker) ?? 'unchanged');
    });
  }

  /**
   * Stops sampling a ticker from its next slot on; what is stored stays, and so does how it was to be sampled: a version that never held
   * is kept with an empty range. @returns false when it is not being sampled. */
  async disable(ticker: string, nowMs: number): Promise<boolean> {
    return this.dataSource.transaction(async (manager) => {
      const entity = await manager.findOneBy(TickerEntity, { ticker });
      const current = entity === null ? undefined : await lockCurrentSchedule(manager, entity.id);
      if (entity === null || current === undefined) return false;
      const toSlot = await firstFreeSlot(
        manager,
        { id: entity.id, current },
        { ...current, ticker, sources: [] },
        nowMs,
      );
      await manager.update(ScheduleEntity, { id: current.id }, { toSlot: Math.max(toSlot, current.fromSlot) });
      return true;
    });
  }

  private async withNewestSchedules(
    manager: EntityManager,
    tickers: readonly TickerEntity[],
  ): Promise<CataloguedTicker[]> {
    if (tickers.length === 0) return [];
    const schedules = await manager
      .createQueryBuilder(ScheduleEntity, 'schedule')
      .distinctOn(['schedule.tickerId'])
      .where('schedule.tickerId IN (:...ids)', { ids: tickers.map((ticker) => ticker.id) })
      .orderBy('schedule.tickerId')
      .addOrderBy('schedule.fromSlot', 'DESC')
      .getMany();
    const sources = await readSources(
      manager,
      schedules.map((schedule) => schedule.id),
    );
    const scheduleOf = new Map(schedules.map((schedule) => [schedule.tickerId, schedule]));
    return tickers.flatMap((ticker) => {
      const schedule = scheduleOf.get(ticker.id);
      if (schedule === undefined) return [];
      return [
        {
          ticker: ticker.ticker,
          enabled: schedule.toSlot === null,
          intervalSeconds: schedule.intervalSeconds,
          rule: schedule.rule,
          ruleOptions: schedule.ruleOptions,
          fromSlot: schedule.fromSlot,
          toSlot: schedule.toSlot ?? undefined,
          sources: sources.get(schedule.id) ?? [],
        },
      ];
    });
  }
}

/** How long it takes to store one of several tickers, in milliseconds; a busy database is slower than an idle one. */
const MAX_PUT_MS = 20;

async function putTicker(
  manager: EntityManager,
  configuration: TickerConfiguration,
  nowMs: number,
): Promise<ChangeOutcome> {
  if (configuration.sources.length === 0)
    throw new Error(`${configuration.ticker} has no source: no slot of it could have an outcome`);
  const ticker = await findOrCreateTicker(manager, configuration.ticker);
  const current = await lockCurrentSchedule(manager, ticker.id);
  if (current !== undefined && isSampledAs(await withSources(manager, current), configuration)) return 'unchanged';
  if (current === undefined) await forgetEmptySchedules(manager, ticker.id);
  const fromSlot = await firstFreeSlot(manager, { id: ticker.id, current }, configuration, nowMs);
  if (current !== undefined) await closeSchedule(manager, current, fromSlot);
  await openSchedule(manager, ticker.id, configuration, fromSlot);
  return current === undefined ? 'created' : 'changed';
}

async function findOrCreateTicker(manager: EntityManager, name: string): Promise<TickerEntity> {
  const parts = parseTicker(name);
  if (parts === undefined) throw new Error(`${name} is no ticker`);
  // Two changes at once: both insert, one wins, both find the winner's row.
  await manager
    .createQueryBuilder()
    .insert()
    .into(TickerEntity)
    .values({ ...parts })
    .orIgnore()
    .execute();
  return manager.findOneByOrFail(TickerEntity, { ticker: name });
}

/**
 * The version that holds, locked against the planner and other changes. The ticker's row is locked too: there may be no
 * version yet. Not for an update of its key, which would stand in the way of a planner that records a gap of this ticker
 * while it holds the version: each would wait for the other.
 */
async function lockCurrentSchedule(manager: EntityManager, tickerId: number): Promise<ScheduleEntity | undefined> {
  await manager.findOne(TickerEntity, { where: { id: tickerId }, lock: { mode: 'for_no_key_update' } });
  const schedule = await manager.findOne(ScheduleEntity, {
    where: { tickerId, toSlot: IsNull() },
    lock: { mode: 'pessimistic_write' },
  });
  return schedule ?? undefined;
}

/** With less of its window left than this, in seconds, the slot that runs is not worth beginning with. */
const MIN_WINDOW_LEFT_SECONDS = 2;

/**
 * The first slot of the new interval that no version has been planned for: the one that runs, for a ticker that is new and
 * a window with time left, so that its first price comes at once; else the next.
 *
 * Who is in a batch is fixed when its call is made. A ticker that shares one joins it more than a second ahead, since the
 * call of the slot that runs, or begins while this change is being stored, may have been made without it.
 */
async function firstFreeSlot(
  manager: EntityManager,
  { id: tickerId, current }: { readonly id: number; readonly current: ScheduleEntity | undefined },
  configuration: Pick<TickerConfiguration, 'ticker' | 'intervalSeconds' | 'sources'>,
  nowMs: number,
): Promise<number> {
  const last = await manager.findOne(ScheduleEntity, { where: { tickerId }, order: { fromSlot: 'DESC' } });
  const planned = current === undefined ? (last?.toSlot ?? 0) : firstUnplanned(current);
  const running = slotAt(nowMs, configuration.intervalSeconds);
  const sharesBatch = configuration.sources.some((source) => source.batch !== configuration.ticker);
  const windowLeftSeconds = deadlineOf(running, configuration.intervalSeconds) - nowMs / 1000;
  if (last === null && !sharesBatch && windowLeftSeconds >= MIN_WINDOW_LEFT_SECONDS) return running;
  const ahead = Math.floor(nowMs / 1000) + (sharesBatch ? 2 : 1);
  return slotAtOrAfter(Math.max(ahead, planned), configuration.intervalSeconds);
}

/**
 * The second after the last slot that was dealt with: `plannedTo` is the slot that comes next by the old interval, and a
 * shorter one need not wait for it.
 */
function firstUnplanned({ plannedTo, fromSlot, intervalSeconds }: ScheduleEntity): number {
  return plannedTo === fromSlot ? fromSlot : plannedTo - intervalSeconds + 1;
}

/** Ends a version before the given slot; one that never held is removed. */
async function closeSchedule(manager: EntityManager, current: ScheduleEntity, toSlot: number): Promise<void> {
  if (current.fromSlot >= toSlot) {
    await manager.delete(ScheduleEntity, { id: current.id });
    return;
  }
  await manager.update(ScheduleEntity, { id: current.id }, { toSlot });
}

/** Removes the version that a ticker was disabled with before it held, now that another one begins. */
async function forgetEmptySchedules(manager: EntityManager, tickerId: number): Promise<void> {
  await manager.delete(ScheduleEntity, { tickerId, fromSlot: Raw((column) => `${column} = to_slot`) });
}

async function openSchedule(
  manager: EntityManager,
  tickerId: number,
  configuration: TickerConfiguration,
  fromSlot: number,
): Promise<void> {
  const inserted = await manager.insert(ScheduleEntity, {
    tickerId,
    fromSlot,
    toSlot: null,
    intervalSeconds: configuration.intervalSeconds,
    rule: configuration.rule,
    ruleOptions: configuration.ruleOptions ?? {},
    plannedTo: fromSlot,
  });
  const scheduleId = (inserted.identifiers[0] as { id: number }).id;
  await manager.insert(
    TickerSourceEntity,
    configuration.sources.map((source) => ({ ...source, scheduleId })),
  );
}

async function withSources(
  manager: EntityManager,
  schedule: ScheduleEntity,
): Promise<Omit<TickerConfiguration, 'ticker'>> {
  const sources = (await readSources(manager, [schedule.id])).get(schedule.id) ?? [];
  const { intervalSeconds, rule, ruleOptions } = schedule;
  return { intervalSeconds, rule, ruleOptions, sources };
}

async function readSources(
  manager: EntityManager,
  scheduleIds: readonly number[],
): Promise<Map<number, ScheduledSource[]>> {
  const rows = await manager.find(TickerSourceEntity, {
    where: { scheduleId: In([...scheduleIds]) },
    order: { scheduleId: 'ASC', position: 'ASC' },
  });
  const sources = rows.map(({ quotedIn, ...row }) => ({ ...row, quotedIn: quotedIn ?? undefined }));
  return Map.groupBy(sources, (row) => row.scheduleId);
}
