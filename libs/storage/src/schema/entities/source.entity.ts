import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Who answers; the id is declared in the source's file and stands in every sample. */
@Entity('sources')
export class SourceEntity {
  @PrimaryColumn('smallint')
  id: number;

  @Column('text', { unique: true })
  name: string;
}
