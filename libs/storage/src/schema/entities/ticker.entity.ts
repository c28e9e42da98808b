import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A ticker that is, or once was, sampled. It is enabled while it has a schedule without an end. */
@Entity('tickers')
export class TickerEntity {
  @PrimaryGeneratedColumn('identity', { type: 'int', generatedIdentity: 'BY DEFAULT' })
  id: number;

  @Column('text', { unique: true })
  ticker: string;

  @Column('text')
  base: string;

  @Column('text')
  quote: string;
}
