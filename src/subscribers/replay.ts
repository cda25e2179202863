import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as deliveries from '../deliveries/index.ts'
import { publicId } from '../ids.ts'
import type { Leaving } from '../left-log.ts'
import { bar } from './bars.ts'
import { eraseIn } from './erasing.ts'

/**
 * Lets everybody leave again who has left, been suppressed or erased since a database was saved; who came back afterwards
 * stays. Safe to run twice. Answers how many are out who were not.
 */
export async function replay(db: Db, leavings: Leaving[]): Promise<number> {
  const about = ({ list, what }: Leaving) => list ?? (what === 'lifted' ? 'suppressed' : what)
  const last = new Map(leavings.map((one) => [`${about(one)} ${one.hash}`, one])) // in order: the last word counts
  let n = 0
  for (const one of last.values()) {
    if (one.what === 'left') n += await leaveAgain(db, one)
    if (one.what === 'suppressed') n += await suppressAgain(db, one)
    if (one.what === 'erased') n += await eraseAgain(db, one)
  }
  return n
}

async function leaveAgain(db: Db, { hash, list, at }: Leaving): Promise<number> {
  const known = await db.selectFrom('list').selectAll().where('slug', '=', list!).executeTakeFirst()
  if (!known) return 0
  const subscriber = await standIn(db, hash, at)
  const subscription = await db
    .selectFrom('subscription')
    .select(['id', 'state', 'confirmed_at'])
    .where('list_id', '=', known.id)
    .where('subscriber_id', '=', subscriber)
    .executeTakeFirst()
  const out = { state: 'left', left_at: at, left_reason: 'left.log' }
  if (!subscription) {
    // Joined and left since: an import of the old file must not bring them back.
    const row = { list_id: known.id, subscriber_id: subscriber, sections: '', format: 'html', feed_epoch: 0 }
    await db
      .insertInto('subscription')
      .values({ ...row, ...out, language: known.language, created_at: at })
      .execute()
    return 1
  }
  if (subscription.state === 'left' || (subscription.confirmed_at ?? 0) > at) return 0
  await deliveries.skipFor(db, subscription.id)
  await db.updateTable('subscription').set(out).where('id', '=', subscription.id).execute()
  return 1
}

async function suppressAgain(db: Db, { hash, at, reason }: Leaving): Promise<number> {
  const row = { address_hash: hash, address: null, reason: reason || 'left.log', actor: 'left.log', created_at: at }
  return (await bar(db, row)).changed ? 1 : 0
}

async function eraseAgain(db: Db, { hash, at }: Leaving): Promise<number> {
  const back = await db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select('subscription.id')
    .where('address_hash', '=', hash)
    .where('confirmed_at', '>', at)
    .executeTakeFirst()
  return !back && (await eraseIn(db, 'left.log', hash, at)) ? 1 : 0
}

/** The subscriber of this hash; one that the database does not know is as good as erased. */
async function standIn(db: Db, hash: string, at: Instant): Promise<number> {
  const row = { public_id: publicId(), address: null, address_hash: hash, created_at: at, erased_at: at }
  await db
    .insertInto('subscriber')
    .values(row)
    .onConflict((conflict) => conflict.column('address_hash').doNothing())
    .execute()
  const { id } = await db
    .selectFrom('subscriber')
    .select('id')
    .where('address_hash', '=', hash)
    .executeTakeFirstOrThrow()
  return id
}
