import { type Kysely, sql } from 'kysely'

/** Who joined a list, and who left it, since some moment: found by that moment, among however many readers. */
export async function moved(db: Kysely<unknown>): Promise<void> {
  await sql`create index subscription_joined on subscription (list_id, coalesce(confirmed_at, created_at), subscriber_id)
            where (state = 'active' or confirmed_at is not null)`.execute(db)
  await sql`create index subscription_left on subscription (list_id, left_at, subscriber_id) where left_at is not null`.execute(
    db,
  )
}
