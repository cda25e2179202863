import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { record } from '../changes.ts'
import { columnsOf, type Wishes } from './wishes.ts'

/** What a reader may choose of how letters look. */
export type Looks = Pick<Wishes, 'language' | 'format' | 'sections'>

/** Writes down how its reader wants letters to look, in the caller's transaction; what is undefined stays. */
export async function keepLooks(db: Db, subscriptionId: number, looks: Partial<Looks>, now: Instant): Promise<void> {
  const values = columnsOf(looks)
  const keys = Object.keys(values) as (keyof Looks)[]
  const query = db.selectFrom('subscription').selectAll().where('id', '=', subscriptionId)
  const before = await query.executeTakeFirstOrThrow()
  if (keys.every((key) => before[key] === values[key])) return
  await db.updateTable('subscription').set(values).where('id', '=', subscriptionId).execute()
  const old = Object.fromEntries(keys.map((key) => [key, before[key]]))
  const subject = `subscription:${subscriptionId}`
  await record(db, 'reader', now, [{ verb: 'subscription.prefer', subject, before: old, after: values }])
}
