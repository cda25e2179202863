import { type Kysely, sql } from 'kysely'

/** Names with عبد are learnt again by the search, as one word and as two; marks may stand between the letters. */
export async function spelled(db: Kysely<unknown>): Promise<void> {
  await sql`insert into name_change select id from subscriber where name like '%ع%ب%د%' on conflict do nothing`.execute(
    db,
  )
}
