import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import * as retention from '../retention.ts'

const REMEMBERED = 90 * 86_400_000 // ms: longer than anybody repeats a message or an event that we still accept

/** Whether this was taken in before. */
export async function known(db: Db, key: string): Promise<boolean> {
  return (await db.selectFrom('arrival').select('at').where('key', '=', key).executeTakeFirst()) !== undefined
}

/** Remembers what is taken in, in the caller's transaction; false when somebody else has just done so. */
export async function remember(db: Db, key: string, at: Instant): Promise<boolean> {
  const fresh = await db
    .insertInto('arrival')
    .values({ key, at })
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst()
  return fresh !== undefined
}

/** Forgets what nobody repeats any more. */
export async function forgetArrivals(app: App): Promise<void> {
  await app.db
    .deleteFrom('arrival')
    .where('at', '<', later(instant(app.now()), -REMEMBERED))
    .execute()
}

/** Forgets what came back about letters that are kept no longer; whom nobody writes to for it stays suppressed. */
export async function forgetOld(app: App, signal?: AbortSignal): Promise<void> {
  const before = await retention.limit(app, app.db, 'letters')
  for (let n = before === undefined ? 0n : 1n; n > 0n && !signal?.aborted; await setImmediate()) {
    const gone = await sql`
      delete from bounce where id in (select bounce.id from bounce left join edition on edition.id = bounce.edition_id
        where bounce.at < ${before} and (bounce.edition_id is null or edition.forgotten_at is not null) limit 500)`.execute(
      app.db,
    )
    n = gone.numAffectedRows ?? 0n
  }
}
