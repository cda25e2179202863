import { kindOf } from '../../db/database.ts'
import { type Instant, instant } from '../../db/instant.ts'
import { forgetNames } from '../../db/readers.ts'
import type { Db } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import { addressHash, email, masked } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import * as deliveries from '../deliveries/index.ts'
import * as leftLog from '../left-log.ts'
import { Problem } from '../problem.ts'
import { bar, ERASED, forgetEntries, maskReason } from './bars.ts'

/**
 * Forgets all that is known of an address, on every list: what is left is the hash that says never to write there again.
 * Only its owner can lift that, by joining anew. What waited to be sent is not sent. A Problem where nothing is known.
 */
export async function erase(app: App, actor: Actor, address: string): Promise<void> {
  const hash = addressHash(email(address))
  if (!(await isKnown(app.read, hash))) throw new Problem('subscriber-not-found', { value: masked(address) })
  await eraseHash(app, actor, hash)
}

/** The same by the hash of the address. Again is no change. */
export async function eraseHash(app: App, actor: Actor, hash: string): Promise<void> {
  const now = instant(app.now())
  await leftLog.note(app, { at: now, hash, what: 'erased' })
  await app.db.transaction().execute((db) => eraseIn(db, actor, hash, now))
}

/** The same in the caller's transaction; whether there was anything left to forget. */
export async function eraseIn(db: Db, actor: Actor, hash: string, now: Instant): Promise<boolean> {
  await inTurn(db, 'import') // or a file that is being taken in writes what it knew a moment ago
  const query = db.selectFrom('subscriber').select(['id', 'public_id']).where('address_hash', '=', hash)
  const subscriber = await (kindOf(db) === 'sqlite' ? query : query.forUpdate()).executeTakeFirst()
  if (subscriber) await forget(db, subscriber, now)
  await db.deleteFrom('consent').where('address_hash', '=', hash).execute()
  const row = await bar(db, { address_hash: hash, address: null, reason: ERASED, actor, created_at: now })
  await db.updateTable('suppression').set({ address: null }).where('id', '=', row.id).execute()
  await maskReason(db, row)
  if (!subscriber) return false
  await record(db, actor, now, [{ verb: 'subscriber.erase', subject: `subscriber:${subscriber.public_id}` }])
  return true
}

/** The rows that the ledger counts by stay, as nobody's: their person's hash goes with all else. */
async function forget(db: Db, { id, public_id }: { id: number; public_id: string }, at: Instant): Promise<void> {
  const subscriptions = await db.selectFrom('subscription').select('id').where('subscriber_id', '=', id).execute()
  for (const subscription of subscriptions) await deliveries.skipFor(db, subscription.id)
  await forgetEntries(
    db,
    'subscription',
    subscriptions.map((one) => one.id),
  )
  const wishes = { sections: '', zone: null, minute: null, weekdays: null, paused_until: null }
  await db
    .updateTable('subscription')
    .set((eb) => ({ ...wishes, feed_epoch: eb('feed_epoch', '+', 1) }))
    .set({ state: 'left', left_at: at, left_reason: ERASED, requested_at: null, confirmed_at: null })
    .where('subscriber_id', '=', id)
    .execute()
  await deliveries.forget(db, id)
  await db.updateTable('bounce').set({ words: '', domain: '' }).where('subscriber_id', '=', id).execute()
  await db
    .updateTable('subscriber')
    .set({ address: null, name: null, fields: null, erased_at: at, address_hash: `erased ${public_id}` })
    .where('id', '=', id)
    .execute()
  await forgetNames(db, [id])
}

async function isKnown(db: Db, hash: string): Promise<boolean> {
  const found = await Promise.all(
    (['subscriber', 'suppression', 'consent'] as const).map((table) =>
      db.selectFrom(table).select('id').where('address_hash', '=', hash).limit(1).executeTakeFirst(),
    ),
  )
  return found.some((row) => row !== undefined)
}
