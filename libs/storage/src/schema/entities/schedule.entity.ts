import type { Rule, RuleOptions } from '@app/domain';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { slotColumn } from './slot-column.js';

/** A version of how a ticker is sampled, and the slots for which it held. */
@Entity('schedules')
export class ScheduleEntity {
  @PrimaryGeneratedColumn('identity', { type: 'int', generatedIdentity: 'BY DEFAULT' })
  id: number;

  @Column('int', { name: 'ticker_id' })
  tickerId: number;

  @Column('bigint', { name: 'from_slot', transformer: slotColumn })
  fromSlot: number;

  /** End, exclusive; null while the version still holds. */
  @Column('bigint', { name: 'to_slot', nullable: true, transformer: slotColumn })
  toSlot: number | null;

  @Column('int', { name: 'interval_seconds' })
  intervalSeconds: number;

  @Column('text')
  rule: Rule;

  @Column('jsonb', { name: 'rule_options', default: {} })
  ruleOptions: RuleOptions;

  @Column('bigint', { name: 'planned_to', transformer: slotColumn })
  plannedTo: number;
}
