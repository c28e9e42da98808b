import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One source of a schedule: its place in the order, the ticker's name there, its batch and how often it is asked. */
@Entity('ticker_sources')
export class TickerSourceEntity {
  @PrimaryColumn('int', { name: 'schedule_id' })
  scheduleId: number;

  @PrimaryColumn('smallint', { name: 'source_id' })
  sourceId: number;

  @Column('smallint')
  position: number;

  @Column('text', { name: 'source_symbol' })
  sourceSymbol: string;

  @Column('text')
  batch: string;

  @Column('int', { name: 'interval_seconds' })
  intervalSeconds: number;

  @Column('boolean', { default: false })
  standby: boolean;

  @Column('text', { name: 'quoted_in', nullable: true })
  quotedIn: string | null;
}
