import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { addressHash, type Email, email, maskedIn } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import * as leftLog from '../left-log.ts'
import { oneLine } from '../text.ts'

/** Never writes to this address again, on any list: what waits for it is skipped when its turn comes. Again is no change: the first reason stays, and is answered. */
export async function suppress(app: App, actor: Actor, address: string, reason = 'manual'): Promise<string> {
  const now = instant(app.now())
  const to = email(address)
  const hash = addressHash(to)
  if (!(await isSuppressed(app.read, hash)))
    await leftLog.note(app, { at: now, hash, what: 'suppressed', reason: maskedIn(wordsOf(reason)) })
  return app.db.transaction().execute((db) => suppressIn(db, actor, to, reason, now))
}

async function suppressIn(db: Db, actor: Actor, address: Email, reason: string, now: Instant): Promise<string> {
  const row = {
    address_hash: addressHash(address),
    address,
    reason: wordsOf(reason),
    actor,
    created_at: now,
  }
  const fresh = await db
    .insertInto('suppression')
    .values(row)
    .onConflict((conflict) => conflict.column('address_hash').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!fresh) {
    const first = db.selectFrom('suppression').select('reason').where('address_hash', '=', row.address_hash)
    return (await first.executeTakeFirstOrThrow()).reason
  }
  await record(db, actor, now, [
    { verb: 'suppression.add', subject: `suppression:${fresh.id}`, after: { reason: row.reason } },
  ])
  return row.reason
}

function wordsOf(reason: string): string {
  return oneLine(reason).slice(0, 500) || 'manual'
}

/** Whether nobody may ever write to the address of this hash. */
export async function isSuppressed(db: Db, hash: string): Promise<boolean> {
  const row = await db.selectFrom('suppression').select('id').where('address_hash', '=', hash).executeTakeFirst()
  return row !== undefined
}
