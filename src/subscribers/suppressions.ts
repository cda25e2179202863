import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Selectable, sql } from 'kysely'
import { type Instant, instant, moment } from '../../db/instant.ts'
import { any, like } from '../../db/like.ts'
import type { Db, SuppressionTable } from '../../db/schema.ts'
import { addressHash, type Email, email, maskedIn } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import * as leftLog from '../left-log.ts'
import { Problem } from '../problem.ts'
import { writeRows } from '../spreadsheets/index.ts'
import { oneLine } from '../text.ts'
import { bar, ERASED, isMendable, outlasts } from './bars.ts'
import { heirs } from './nos.ts'

const PAGE = 1000

/**
 * Never writes to this address again, on any list: what waits for it is skipped when its turn comes. A graver reason replaces
 * what a bounce or a file said; else again is no change. Answers the reason that stays, its addresses masked.
 */
export async function suppress(app: App, actor: Actor, address: string, reason = 'manual'): Promise<string> {
  const now = instant(app.now())
  const to = email(address)
  const hash = addressHash(to)
  const words = wordsOf(reason)
  const stays = await reasonOf(app.read, hash)
  if (stays === undefined || outlasts(words, stays))
    await leftLog.note(app, { at: now, hash, what: 'suppressed', reason: words })
  return app.db.transaction().execute((db) => suppressIn(db, actor, to, words, now))
}

async function suppressIn(db: Db, actor: Actor, address: Email, words: string, now: Instant): Promise<string> {
  const row = { address_hash: addressHash(address), address, reason: words, actor, created_at: now }
  const { id, reason, before, changed } = await bar(db, row)
  if (changed)
    await record(db, actor, now, [
      {
        verb: 'suppression.add',
        subject: `suppression:${id}`,
        ...(before !== undefined && { before: { reason: before } }),
        after: { reason },
      },
    ])
  return reason
}

/** Which suppressions to lift: one address's, or all that bounces made since then. */
export type Lifting = { address?: string; since?: Instant; dry?: boolean }

/** Lifts what bounces and refusals suppressed: those addresses are written to again. A Problem for a reader's own no. Answers how many. */
export async function lift(app: App, actor: Actor, { address, since, dry = false }: Lifting): Promise<number> {
  const now = instant(app.now())
  const rows = await app.db
    .selectFrom('suppression')
    .selectAll()
    .$if(address !== undefined, (query) => query.where('address_hash', '=', addressHash(email(address!))))
    .$if(since !== undefined, (query) => query.where('created_at', '>=', since!))
    .orderBy('id')
    .execute()
  const gone = rows.filter(({ reason }) => isMendable(reason))
  if (address !== undefined && (await unsaid(app.db, gone)).length === 0)
    throw rows[0] ? new Problem('suppression-stays', { reason: rows[0].reason }) : new Problem('not-suppressed')
  if (dry) return (await unsaid(app.db, gone)).length
  let n = 0
  for (let start = 0; start < gone.length; start += PAGE) {
    const some = gone.slice(start, start + PAGE)
    const lifted = await app.db.transaction().execute(async (db) => {
      const rows = await liftRows(db, await unsaid(db, some))
      await record(
        db,
        actor,
        now,
        rows.map(({ id, reason }) => ({
          verb: 'suppression.lift',
          subject: `suppression:${id}`,
          before: { reason },
        })),
      )
      return rows
    })
    await noteLifted(app, lifted, now)
    n += lifted.length
  }
  return n
}

/** Those of whom no file says that their mailbox is dead. */
async function unsaid<Row extends { address_hash: string }>(db: Db, rows: Row[]): Promise<Row[]> {
  const free: Row[] = []
  for (let start = 0; start < rows.length; start += PAGE) {
    const some = rows.slice(start, start + PAGE)
    const said = await heirs(db, 'bounced', some.map((row) => row.address_hash), { list_id: 0 }) // biome-ignore format: one line
    free.push(...some.filter((row) => !said.has(row.address_hash)))
  }
  return free
}

/** Takes these rows away where they still have the reason that they were seen with. Answers which. */
export async function liftRows(db: Db, rows: { id: number; reason: string }[]) {
  if (rows.length === 0) return []
  return db
    .deleteFrom('suppression')
    .where('id', 'in', rows.map(({ id }) => id)) // biome-ignore format: one line
    .where('reason', 'in', [...new Set(rows.map(({ reason }) => reason))])
    .returning(['id', 'reason', 'address_hash'])
    .execute()
}

/** Tells left.log who may be written to again. */
export async function noteLifted(app: App, lifted: { address_hash: string }[], at: Instant): Promise<void> {
  await leftLog.note(app, ...lifted.map(({ address_hash: hash }) => ({ at, hash, what: 'lifted' as const })))
}

function wordsOf(reason: string): string {
  return maskedIn(oneLine(reason)).slice(0, 500) || 'manual'
}

async function reasonOf(db: Db, hash: string): Promise<string | undefined> {
  const row = await db.selectFrom('suppression').select('reason').where('address_hash', '=', hash).executeTakeFirst()
  return row?.reason
}

/** Whether nobody may ever write to the address of this hash. */
export async function isSuppressed(db: Db, hash: string): Promise<boolean> {
  return (await reasonOf(db, hash)) !== undefined
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
  return db
    .selectFrom('suppression')
    .selectAll()
    .$if(reason !== undefined, (query) => query.where(like(sql<string>`lower(reason)`, reason!.toLowerCase(), any)))
    .$if(search !== undefined, (query) =>
      query.where(({ or, eb }) =>
        or([
          like(sql<string>`lower(address)`, any, search!.toLowerCase(), any),
          eb('address_hash', '=', addressHash(search!.trim() as Email)),
        ]),
      ),
    )
}

function written({ address, reason, actor, created_at }: Selectable<SuppressionTable>): Suppression {
  return { address, reason, actor, created_at: moment(created_at).toString() }
}
