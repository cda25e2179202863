import type { Selectable } from 'kysely'
import type { Db, SubscriberTable, SubscriptionTable } from '../../db/schema.ts'
import { Problem } from '../problem.ts'

/** One reader, and where this reader stands on each list. */
export type OneReader = Selectable<SubscriberTable> & {
  suppression: { reason: string; actor: string; created_at: number } | undefined
  subscriptions: (Selectable<SubscriptionTable> & { list: string; title: string })[]
}

/**
 * The reader of this public id. `within`: by whoever may see these lists only, by their inner ids; a reader who is on none of
 * them is as unknown as none, which is a Problem.
 */
export async function oneReader(db: Db, publicId: string, within?: readonly number[]): Promise<OneReader> {
  const known = /^[a-z0-9]{11}$/.test(publicId)
  const row =
    known && (await db.selectFrom('subscriber').selectAll().where('public_id', '=', publicId).executeTakeFirst())
  if (!row) throw new Problem('reader-not-found')
  const subscriptions = await db
    .selectFrom('subscription')
    .innerJoin('list', 'list.id', 'subscription.list_id')
    .selectAll('subscription')
    .select(['list.slug as list', 'list.title'])
    .where('subscriber_id', '=', row.id)
    .$if(within !== undefined, (query) => query.where('list_id', 'in', [...within!]))
    .orderBy('subscription.id')
    .execute()
  if (within && subscriptions.length === 0) throw new Problem('reader-not-found')
  const suppression = await db
    .selectFrom('suppression')
    .select(['reason', 'actor', 'created_at'])
    .where('address_hash', '=', row.address_hash)
    .executeTakeFirst()
  return { ...row, suppression, subscriptions }
}
