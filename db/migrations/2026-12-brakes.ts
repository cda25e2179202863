import { type Kysely, sql } from 'kysely'
import type { Kind } from '../columns.ts'

/** When an edition was stopped because too many of its letters came back; and what comes back of an edition, counted fast. */
export async function brakes(db: Kysely<unknown>, kind: Kind): Promise<void> {
  await db.schema
    .alterTable('edition')
    .addColumn('stopped_at', kind === 'sqlite' ? 'integer' : 'bigint')
    .execute()
  await sql`create index bounce_edition on bounce (edition_id) where kind in ('hard', 'soft', 'policy')`.execute(db)
}
