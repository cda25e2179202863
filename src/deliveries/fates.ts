import { setImmediate } from 'node:timers/promises'
import { type Expression, type SqlBool, sql } from 'kysely'
import { held, waiting } from '../../db/claims.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'

/** A letter of an edition as a table shows it; `address` is null for a reader who was erased. */
export type Fated = {
  public_id: string
  address: string | null
  state: string
  reason: string | null
  reply: string | null
  attempts: number
  due_at: Instant
  submitted_at: Instant | null
}

/** Which letters: those that ended so, that may have arrived (`doubted`: once, for ever), or that wait or are under way. */
export type Fate = 'submitted' | 'refused' | 'skipped' | 'uncertain' | 'doubted' | 'waiting'

const PAGE = 50
const DOUBTED = 1000 // in one statement

/** States spelled as the partial indexes spell them: with bound values neither database would use those. */
const IS: Record<Exclude<Fate, 'waiting'>, Expression<SqlBool>> = {
  submitted: sql<SqlBool>`delivery.state = 'submitted'`,
  refused: sql<SqlBool>`delivery.state = 'refused'`,
  skipped: sql<SqlBool>`delivery.state = 'skipped'`,
  uncertain: sql<SqlBool>`delivery.state = 'uncertain'`,
  doubted: sql<SqlBool>`delivery.doubted_at is not null`,
}

/** A page of an edition's letters by what became of them, in the order of their readers; `after` is where the page before ended. */
export async function byFate(
  db: Db,
  editionId: number,
  fate: Fate,
  after?: string,
): Promise<{ rows: Fated[]; after?: string }> {
  const [at = Number.NaN, id = Number.NaN] = (after ?? '').split('.').map(Number)
  const isLater = Number.isSafeInteger(at) && Number.isSafeInteger(id)
  if (fate === 'waiting') return waitingOnes(db, editionId, isLater ? { due_at: at as Instant, id } : undefined)
  const rows = await letters(db, editionId)
    .where(IS[fate])
    .$if(isLater, (query) => query.where('delivery.subscriber_id', '>', id))
    .orderBy('delivery.subscriber_id')
    .limit(PAGE + 1)
    .execute()
  return paged(rows)
}

/** What is due first, after what is under way. */
async function waitingOnes(db: Db, editionId: number, after: { due_at: Instant; id: number } | undefined) {
  const under = after ? [] : await underWay(db, editionId)
  const rows = await letters(db, editionId)
    .where(waiting('delivery'))
    .where('delivery.state', '!=', 'uncertain')
    .$if(after !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('delivery.due_at', 'delivery.subscriber_id'), '>', tuple(after!.due_at, after!.id)),
      ),
    )
    .orderBy('delivery.due_at')
    .orderBy('delivery.subscriber_id')
    .limit(PAGE + 1)
    .execute()
  const page = paged(rows)
  return { ...page, rows: [...under, ...page.rows] }
}

/** The few that some sender holds: found by their own index, and not by walking the edition's. */
function underWay(db: Db, editionId: number) {
  return all(db).where(held('delivery')).where(sql<SqlBool>`+delivery.edition_id = ${editionId}`).limit(PAGE).execute()
}

function letters(db: Db, editionId: number) {
  return all(db).where('delivery.edition_id', '=', editionId)
}

function all(db: Db) {
  return db
    .selectFrom('delivery')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .select(['subscriber.public_id', 'subscriber.address', 'delivery.state', 'delivery.reason', 'delivery.reply'])
    .select(['delivery.attempts', 'delivery.due_at', 'delivery.submitted_at', 'delivery.subscriber_id as key'])
}

function paged<Row extends { key: number; due_at: Instant }>(rows: Row[]): { rows: Row[]; after?: string } {
  const last = rows[PAGE - 1]
  return { rows: rows.slice(0, PAGE), ...(rows.length > PAGE && { after: `${last!.due_at}.${last!.key}` }) }
}

/** Who may have an edition's letter and may not; `address` is null for a reader who was erased. */
export async function doubted(
  db: Db,
  editionId: number,
  limit: number,
): Promise<{ public_id: string; address: string | null }[]> {
  return db
    .selectFrom('delivery')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .select(['subscriber.public_id', 'subscriber.address'])
    .where('delivery.edition_id', '=', editionId)
    .where(IS.doubted)
    .orderBy('delivery.subscriber_id')
    .limit(limit)
    .execute()
}

/** The public ids of all who may have an edition's letter and may not, a thousand at a time. */
export async function allDoubted(db: Db, editionId: number): Promise<string[]> {
  const ids: string[] = []
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('delivery')
      .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
      .select(['subscriber.public_id', 'subscriber.id'])
      .where('delivery.edition_id', '=', editionId)
      .where(IS.doubted)
      .where('delivery.subscriber_id', '>', after)
      .orderBy('delivery.subscriber_id')
      .limit(DOUBTED)
      .execute()
    ids.push(...rows.map((row) => row.public_id))
    const last = rows.at(-1)
    if (!last) return ids
    after = last.id
    await setImmediate()
  }
}

/** To how many readers these parts of an edition went, counted to `most`; one more says that there are more. */
export async function carried(db: Db, editionId: number, parts: number[], most: number): Promise<number> {
  const { n } = await db
    .selectFrom(
      db
        .selectFrom('delivery')
        .select('subscriber_id')
        .where('edition_id', '=', editionId)
        .where('state', 'in', ['submitted', 'uncertain'])
        .where('part_id', 'in', parts)
        .limit(most + 1)
        .as('some'),
    )
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .executeTakeFirstOrThrow()
  return n
}
