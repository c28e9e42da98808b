import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A fact about the whole database, such as whether its prices are real. */
@Entity('settings')
export class SettingEntity {
  @PrimaryColumn('text')
  key: string;

  @Column('jsonb')
  value: unknown;
}
