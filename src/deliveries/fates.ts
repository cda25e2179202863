import { setImmediate } from 'node:timers/promises'
import { type Expression, type SqlBool, sql } from 'kysely'
import { held, waiting } from '../../db/claims.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { endOf } from './stretches.ts'

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
  doubted_at: Instant | null
}

/** Which letters: every one, those that ended so, that may have arrived (`doubted`: once, for ever), or that wait or are under way. */
export const fates = ['all', 'submitted', 'refused', 'skipped', 'uncertain', 'doubted', 'waiting'] as const
export type Fate = (typeof fates)[number]

const PAGE = 50
const DOUBTED = 1000 // in one statement

/** States spelled as the partial indexes spell them: with bound values neither database would use those. */
const IS: Record<Exclude<Fate, 'waiting'>, Expression<SqlBool>> = {
  all: sql<SqlBool>`true`,
  submitted: sql<SqlBool>`delivery.state = 'submitted'`,
  refused: sql<SqlBool>`delivery.state = 'refused'`,
  skipped: sql<SqlBool>`delivery.state = 'skipped'`,
  uncertain: sql<SqlBool>`(delivery.state = 'uncertain' and delivery.doubted_at is not null)`, // every one is doubted, and so found by that index
  doubted: sql<SqlBool>`delivery.doubted_at is not null`,
}

/** Some letters; `after` is where the next page begins, where there is one. */
export type Page = { rows: Fated[]; after?: string }

type Letters = { db: Db; editionId: number; limit: number }

/** At most `limit` of an edition's letters by what became of them, in the order of their readers; `after` is where the page before ended. */
export async function byFate(
  db: Db,
  editionId: number,
  fate: Fate,
  { after = '', limit = PAGE }: { after?: string; limit?: number } = {},
): Promise<Page> {
  const [, at, id] = /^(\d{1,15}|taken)\.(\d{1,15})$/.exec(after) ?? []
  const of = { db, editionId, limit }
  if (fate === 'waiting') return waitingOnes(of, id === undefined ? undefined : { at: at!, id: Number(id) })
  const rows = fate === 'submitted' ? await walked(of, Number(id ?? 0)) : await some(of, IS[fate], Number(id ?? 0))
  return paged(rows, limit)
}

function some({ db, editionId, limit }: Letters, only: Expression<SqlBool>, after: number, upTo?: number) {
  return letters(db, editionId)
    .where(only)
    .where('delivery.subscriber_id', '>', after)
    .$if(upTo !== undefined, (query) => query.where('delivery.subscriber_id', '<=', upTo!))
    .orderBy('delivery.subscriber_id')
    .limit(limit + 1)
    .execute()
}

/** Those that no index leads to, as they are most of all: from stretch to stretch, for the day on which they are few. */
async function walked(of: Letters, after: number) {
  const rows: Awaited<ReturnType<typeof some>> = []
  for (let from: number | undefined = after; from !== undefined && rows.length <= of.limit; ) {
    const end: number | undefined = await endOf(of.db, of.editionId, from)
    rows.push(...(await some({ ...of, limit: of.limit - rows.length }, IS.submitted, from, end)))
    from = end
    await setImmediate()
  }
  return rows
}

/** What is under way, and behind it what is due first. */
async function waitingOnes(of: Letters, after: { at: string; id: number } | undefined): Promise<Page> {
  const { limit } = of
  if (after && after.at !== 'taken') return paged(await dueAfter(of, { due_at: Number(after.at), id: after.id }), limit)
  const under = await underWay(of, after?.id ?? 0)
  const taken = under.slice(0, limit)
  if (under.length > limit) return { rows: taken, after: `taken.${taken.at(-1)!.key}` }
  const left = limit - taken.length
  const { rows, ...next } = paged(await dueAfter({ ...of, limit: left }), left)
  return left === 0 && next.after !== undefined
    ? { rows: taken, after: `taken.${taken.at(-1)!.key}` }
    : { rows: [...taken, ...rows], ...next }
}

function dueAfter({ db, editionId, limit }: Letters, after?: { due_at: number; id: number }) {
  return letters(db, editionId)
    .where(waiting('delivery'))
    .where('delivery.state', '!=', 'uncertain')
    .$if(after !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('delivery.due_at', 'delivery.subscriber_id'), '>', tuple(after!.due_at as Instant, after!.id)),
      ),
    )
    .orderBy('delivery.due_at')
    .orderBy('delivery.subscriber_id')
    .limit(limit + 1)
    .execute()
}

/** What some sender holds: found by its own index, and not by walking the edition's. */
function underWay({ db, editionId, limit }: Letters, after: number) {
  return all(db)
    .where(held('delivery'))
    .where(sql<SqlBool>`+delivery.edition_id = ${editionId}`)
    .where(sql<SqlBool>`+delivery.subscriber_id > ${after}`)
    .orderBy(sql`+delivery.subscriber_id`)
    .limit(limit + 1)
    .execute()
}

function letters(db: Db, editionId: number) {
  return all(db).where('delivery.edition_id', '=', editionId)
}

function all(db: Db) {
  return db
    .selectFrom('delivery')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .select(['subscriber.public_id', 'subscriber.address', 'delivery.state', 'delivery.reason', 'delivery.reply'])
    .select(['delivery.attempts', 'delivery.due_at', 'delivery.submitted_at', 'delivery.doubted_at'])
    .select(['delivery.subscriber_id as key'])
}

function paged(rows: (Fated & { key: number })[], limit: number): Page {
  const last = rows[limit - 1]
  return { rows: rows.slice(0, limit), ...(rows.length > limit && { after: `${last?.due_at}.${last?.key}` }) }
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
