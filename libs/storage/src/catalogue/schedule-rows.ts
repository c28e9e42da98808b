import type { Rule, RuleOptions, Schedule, ScheduledSource } from '@app/domain';
import type pg from 'pg';

interface ScheduleRow {
  readonly id: number;
  readonly tickerId: number;
  readonly ticker: string;
  readonly fromSlot: number;
  readonly toSlot: number | null;
  readonly intervalSeconds: number;
  readonly rule: Rule;
  readonly ruleOptions: RuleOptions;
  readonly plannedTo: number;
  readonly sources: readonly ScheduledSource[];
}

/** Reads whole schedules, sources in their order of preference, by their ids. */
export async function readSchedules(client: Pick<pg.ClientBase, 'query'>, ids: readonly number[]): Promise<Schedule[]> {
  const result = await client.query<ScheduleRow>({
    name: 'read-schedules',
    text: `SELECT s.id, s.ticker_id AS "tickerId", t.ticker, s.from_slot AS "fromSlot", s.to_slot AS "toSlot",
                  s.interval_seconds AS "intervalSeconds", s.rule,
                  s.rule_options AS "ruleOptions", s.planned_to AS "plannedTo",
                  jsonb_agg(jsonb_strip_nulls(jsonb_build_object('sourceId', ts.source_id, 'position', ts.position,
                    'sourceSymbol', ts.source_symbol, 'batch', ts.batch, 'intervalSeconds', ts.interval_seconds,
                    'standby', ts.standby, 'quotedIn', ts.quoted_in)) ORDER BY ts.position) AS sources
           FROM schedules s JOIN tickers t ON t.id = s.ticker_id JOIN ticker_sources ts ON ts.schedule_id = s.id
           WHERE s.id = ANY($1::int[]) GROUP BY s.id, t.ticker ORDER BY s.id`,
    values: [ids],
  });
  return result.rows.map((row) => ({ ...row, toSlot: row.toSlot ?? undefined }));
}
