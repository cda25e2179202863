import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Selectable, sql } from 'kysely'
import { type Instant, instant, moment } from '../../db/instant.ts'
import type { Db, SuppressionTable } from '../../db/schema.ts'
import { addressHash, type Email, email, maskedIn } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import * as leftLog from '../left-log.ts'
import { oneLine } from '../text.ts'
import { writeRows } from './csv.ts'

const PAGE = 1000

/** The reason of one whose owner asked to be forgotten: nobody may write there, and its owner alone may come back. */
export const ERASED = 'erased'

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

/** Whether not even the address's owner may join again; who was erased may. */
export async function isBarred(db: Db, hash: string): Promise<boolean> {
  const row = await db
    .selectFrom('suppression')
    .select('id')
    .where('address_hash', '=', hash)
    .where('reason', '!=', ERASED)
    .executeTakeFirst()
  return row !== undefined
}

/** Its owner has joined again after being erased: it may be written to. In the transaction of the confirmation. */
export async function liftErased(db: Db, hash: string): Promise<void> {
  await db.deleteFrom('suppression').where('address_hash', '=', hash).where('reason', '=', ERASED).execute()
}

/** One that is never written to; `address` is null where only its hash was kept. */
export type Suppression = { address: string | null; reason: string; actor: string; created_at: string }

/** What to look for: `reason` is how it begins, `search` a part of the address, or the whole of one that was erased. */
export type Wanted = { reason?: string; search?: string }

/** The suppressions, the latest first, at most `limit`. */
export async function suppressions(db: Db, wanted: Wanted, limit: number): Promise<Suppression[]> {
  const rows = await matching(db, wanted).orderBy('id', 'desc').limit(limit).execute()
  return rows.map(written)
}

/** Writes them all, page by page, the oldest first: as CSV or as a JSON array, one a line. The output stays open. */
export async function exportSuppressions(
  app: App,
  wanted: Wanted,
  as: 'csv' | 'json',
  output: Writable,
): Promise<void> {
  if (as === 'csv') await writeRows(cells(app.read, wanted), output)
  else await pipeline(lines(app.read, wanted), output, { end: false })
}

async function* cells(db: Db, wanted: Wanted): AsyncGenerator<string[]> {
  yield ['email', 'reason', 'actor', 'suppressed_at']
  for await (const { address, reason, actor, created_at } of all(db, wanted))
    yield [address ?? '', reason, actor, created_at]
}

async function* lines(db: Db, wanted: Wanted): AsyncGenerator<string> {
  let before = '['
  for await (const one of all(db, wanted)) {
    yield `${before}\n${JSON.stringify(one)}`
    before = ','
  }
  yield before === '[' ? '[]\n' : '\n]\n'
}

async function* all(db: Db, wanted: Wanted): AsyncGenerator<Suppression> {
  let last = 0
  for (;;) {
    const page = await matching(db, wanted).where('id', '>', last).orderBy('id').limit(PAGE).execute()
    yield* page.map(written)
    if (page.length < PAGE) return
    last = page.at(-1)!.id
  }
}

function matching(db: Db, { reason, search }: Wanted) {
  const part = (text: string) => text.toLowerCase().replace(/[\\%_]/g, '\\$&')
  return db
    .selectFrom('suppression')
    .selectAll()
    .$if(reason !== undefined, (query) =>
      query.where(sql<boolean>`lower(reason) like ${`${part(reason!)}%`} escape '\\'`),
    )
    .$if(search !== undefined, (query) =>
      query.where(({ or, eb }) =>
        or([
          sql<boolean>`lower(address) like ${`%${part(search!)}%`} escape '\\'`,
          eb('address_hash', '=', addressHash(search!.trim() as Email)),
        ]),
      ),
    )
}

function written({ address, reason, actor, created_at }: Selectable<SuppressionTable>): Suppression {
  return { address, reason, actor, created_at: moment(created_at).toString() }
}
