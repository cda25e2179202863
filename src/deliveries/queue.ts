import { type ExpressionBuilder, type RawBuilder, sql } from 'kysely'
import { waiting } from '../../db/claims.ts'
import { kindOf } from '../../db/database.ts'
import type { Instant } from '../../db/instant.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db, Schema } from '../../db/schema.ts'
import type { Edition } from '../editions.ts'
import * as follows from '../follows.ts'
import * as tally from './tally.ts'
import { OPEN } from './task.ts'

/** Who gets which part of an edition; `told_before` is where this reader's follow stood. */
export type Recipient = { subscriber_id: number; subscription_id: number; part_id: number; told_before: number }

/** Writes a chunk (at most 5,000) of an edition's deliveries, in the caller's transaction. Again is no change. Answers how many are new. */
export async function queue(db: Db, edition: { id: number }, recipients: Recipient[], dueAt: Instant): Promise<number> {
  if (recipients.length === 0) return 0
  const rows = rowsOf(
    kindOf(db),
    ['whole', 'whole', 'whole', 'whole'],
    recipients.map((one) => [one.subscriber_id, one.subscription_id, one.part_id, one.told_before]),
  )
  const { numAffectedRows } = await sql`
    with recipient (subscriber_id, subscription_id, part_id, told_before) as (${rows})
    insert into delivery (edition_id, subscriber_id, subscription_id, part_id, told_before, state, due_at, attempts)
    select cast(${edition.id} as bigint), subscriber_id, subscription_id, part_id, told_before, 'queued', cast(${dueAt} as bigint), 0
    from recipient where true
    on conflict do nothing`.execute(db)
  const fresh = Number(numAffectedRows ?? 0)
  const moves: tally.Moves = new Map()
  tally.note(moves, edition.id, null, 'queued', fresh)
  await tally.move(db, moves)
  return fresh
}

/**
 * A new edition of the digest goes out to the readers of a slot: what was tried and deferred for them of earlier ones is
 * skipped(superseded) and its stories count as untold again, and so is what waits for a domain that refuses us. Not what else has
 * not been tried yet (its reader counts as told and gets it), what is being sent, nor what may have arrived. To be called before
 * the new edition's readers are looked up.
 */
export async function supersede(
  db: Db,
  { digest_id: digestId, id: newEditionId, slot_id }: Pick<Edition, 'digest_id' | 'id' | 'slot_id'>,
): Promise<number> {
  const earlier = await db
    .selectFrom('edition')
    .select('id')
    .where('digest_id', '=', digestId)
    .where('id', '!=', newEditionId)
    .where('state', 'in', ['composing', 'frozen', 'held'])
    .where(hasDeferred)
    .orderBy('id')
    .execute()
  let all = 0
  for (const edition of earlier) {
    const skipped = await skipWaiting(
      db,
      'superseded',
      sql`edition_id = ${edition.id} and doubted_at is null and (state = 'deferred'
        or domain in (select domain from recipient_domain where reason is not null)) and exists (
          select 1 from follow where follow.digest_id = ${digestId} and follow.slot_id = ${slot_id}
            and follow.subscription_id = delivery.subscription_id)`,
    )
    if (skipped.length > 0) await follows.untell(db, edition.id)
    all += skipped.length
  }
  return all
}

/** Of the many editions that may be going out at once, those of which something was tried and deferred, or waits for a domain that refuses us. */
export function hasDeferred(eb: ExpressionBuilder<Schema, 'edition'>) {
  const deferred = eb
    .selectFrom('tally')
    .select('n')
    .whereRef('tally.edition_id', '=', 'edition.id')
    .where('tally.state', '=', 'deferred')
    .where('tally.n', '>', 0)
  const parked = eb
    .selectFrom('delivery')
    .innerJoin('recipient_domain', 'recipient_domain.domain', 'delivery.domain')
    .select('delivery.domain')
    .whereRef('delivery.edition_id', '=', 'edition.id')
    .where('recipient_domain.reason', 'is not', null)
    .where(waiting('delivery'))
  return eb.or([eb.exists(deferred), eb.exists(parked)])
}

/** Who leaves gets nothing more: all that waits for this subscription is skipped(left), also what may have arrived. */
export async function skipFor(db: Db, subscriptionId: number): Promise<number> {
  const { subscriber_id } = (await db
    .selectFrom('subscription')
    .select('subscriber_id')
    .where('id', '=', subscriptionId)
    .executeTakeFirst()) ?? { subscriber_id: 0 }
  const skipped = await skipWaiting(
    db,
    'left',
    sql`subscriber_id = ${subscriber_id} and subscription_id = ${subscriptionId}`,
  )
  for (const row of skipped) await follows.untell(db, row.edition_id, [row.subscriber_id])
  const notices = await db
    .updateTable('notice')
    .set({ state: 'skipped', reason: 'left' })
    .where('subscription_id', '=', subscriptionId)
    .where('subscriber_id', '=', subscriber_id)
    .where(waiting('notice'))
    .returning('id')
    .execute()
  return skipped.length + notices.length
}

/** Who has come back gets no goodbye that still waits. */
export async function skipGoodbye(db: Db, subscriptionId: number): Promise<void> {
  await db
    .updateTable('notice')
    .set({ state: 'skipped', reason: 'returned' })
    .where('subscription_id', '=', subscriptionId)
    .where('kind', '=', 'goodbye')
    .where(waiting('notice'))
    .execute()
}

/** Keeps of a person's letters only that there were some: no server's words, no notices but those that are being sent. */
export async function forget(db: Db, subscriberId: number): Promise<void> {
  await db.updateTable('delivery').set({ reply: null }).where('subscriber_id', '=', subscriberId).execute()
  await db
    .deleteFrom('notice')
    .where('subscriber_id', '=', subscriberId)
    .where('state', 'not in', ['claimed', 'submitting'])
    .execute()
}

/**
 * A restored database does not know what became of the letters that waited when it was saved. They may have gone out since,
 * so they are skipped(restored) and in doubt for ever: their stories count as told. Answers how many.
 */
export async function giveUp(db: Db, editionIds: number[], now: Instant): Promise<number> {
  const moves: tally.Moves = new Map()
  let n = 0
  for (const id of editionIds) {
    for (const state of OPEN) {
      const gone = await db
        .updateTable('delivery')
        .set({ state: 'skipped', reason: 'restored', doubted_at: now, sender_id: null })
        .where('edition_id', '=', id)
        .where('state', '=', state)
        .executeTakeFirstOrThrow()
      tally.note(moves, id, state, 'skipped', Number(gone.numUpdatedRows))
      n += Number(gone.numUpdatedRows)
    }
  }
  await tally.move(db, moves)
  return n
}

/** How many letters wait, in editions of every state and outside them. */
export async function waitingInAll(db: Db): Promise<number> {
  const deliveries = await db
    .selectFrom('tally')
    .select(({ fn, cast }) => cast<number>(fn.sum('n'), 'integer').as('n'))
    .where('state', 'in', OPEN)
    .executeTakeFirst()
  const notices = await db
    .selectFrom('notice')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .where('state', 'in', OPEN)
    .executeTakeFirst()
  return (deliveries?.n ?? 0) + (notices?.n ?? 0)
}

/** Letters to one person that wait: given up, as they may have gone out. Who still wants one asks again. */
export async function giveUpNotices(db: Db): Promise<number> {
  const rows = await db
    .updateTable('notice')
    .set({ state: 'skipped', reason: 'restored', sender_id: null })
    .where('state', 'in', OPEN)
    .returning('id')
    .execute()
  return rows.length
}

/** One state at a time, as a statement does not tell which state its rows came from. */
async function skipWaiting(
  db: Db,
  reason: string,
  which: RawBuilder<unknown>,
): Promise<{ edition_id: number; subscriber_id: number }[]> {
  const moves: tally.Moves = new Map()
  const all: { edition_id: number; subscriber_id: number }[] = []
  for (const state of ['queued', 'deferred', 'uncertain']) {
    const { rows } = await sql<{ edition_id: number; subscriber_id: number }>`
      update delivery set state = 'skipped', reason = ${reason}, sender_id = null
      where ${waiting('delivery')} and state = ${state} and ${which}
      returning edition_id, subscriber_id`.execute(db)
    for (const row of rows) tally.note(moves, row.edition_id, state, 'skipped')
    all.push(...rows)
  }
  await tally.move(db, moves)
  return all
}

/**
 * A newer revision of the edition: all that is not finished carries the new parts from now on; a part of which nothing is
 * left (null) is skipped(withdrawn). What a sender has claimed meanwhile gets no mark for the old part; what is on the wire
 * cannot be called back, and its record says what it carried.
 */
export async function reassign(db: Db, editionId: number, parts: Map<number, number | null>): Promise<number> {
  let moved = 0
  for (const [old, fresh] of parts) {
    if (fresh === null) {
      const skipped = await skipWaiting(db, 'withdrawn', sql`edition_id = ${editionId} and part_id = ${old}`)
      await follows.untell(
        db,
        editionId,
        skipped.map((row) => row.subscriber_id),
      )
      moved += skipped.length
      continue
    }
    const rows = await db
      .updateTable('delivery')
      .set({ part_id: fresh })
      .where('edition_id', '=', editionId)
      .where('part_id', '=', old)
      .where('state', 'in', OPEN)
      .returning('subscriber_id')
      .execute()
    moved += rows.length
  }
  return moved
}

export type NewNotice = {
  kind: 'confirm' | 'welcome' | 'goodbye'
  subscriber_id: number
  subscription_id: number
  language: string
}

/** Asks for a letter to one person, due at once, before all editions. */
export async function ask(db: Db, notice: NewNotice, now: Instant): Promise<void> {
  const { kind, subscriber_id, subscription_id, language } = notice
  await db
    .insertInto('notice')
    .values({
      kind,
      subscriber_id,
      subscription_id,
      language,
      state: 'queued',
      due_at: now,
      attempts: 0,
      created_at: now,
    })
    .execute()
}
