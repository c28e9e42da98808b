import { ReadDatabase, type Statement } from './read-database.js';

/** Who a reading process is to the database. */
export interface ReaderRole {
  /** `current_user` of its connections. */
  readonly role: string;
  /** Tables that this role could change; must be empty. */
  readonly writable: readonly string[];
}

/** Asks the database who we are there, and what of the stored data we could change. @throws what the database throws. */
export async function readRole(database: ReadDatabase): Promise<ReaderRole> {
  const [row] = await database.rows<ReaderRole>(ROLE, []);
  if (row === undefined) throw new Error('the database did not say who we are');
  return row;
}

/** The schema's own tables and their partitions; a superuser and the owner may write to all of them. */
const ROLE: Statement = {
  name: 'reader-role',
  text: `SELECT current_user::text AS role,
                coalesce((SELECT json_agg(c.relname ORDER BY c.relname) FROM pg_class c
                  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                    AND has_table_privilege(current_user, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')), '[]') AS writable`,
};
