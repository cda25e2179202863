import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { addressHash, email } from '../address.ts'
import { languageTag } from '../locale.ts'
import { Problem } from '../problem.ts'
import { searchWords } from '../text.ts'
import { type Asked, type Condition, matching } from './conditions.ts'
import { findList } from './lists.ts'
import { byDomain, byMovement, byName, byStart, bySuppression, only, type Source, walking } from './sources.ts'
import { newest } from './stretches.ts'

/**
 * Which readers are wanted; what is left out does not matter. `list` to `leftBefore` are about one and the same
 * subscription. Who never confirmed has not joined, unless the pending are asked for: then it is when they asked. `search`: a whole address, how one begins, or words of a name as search folds them (at least how each begins).
 */
export type Wanted = {
  list?: string
  /** Only on these, by their inner ids: whoever asks may see no others. */
  within?: readonly number[]
  state?: State
  language?: string
  joinedAfter?: Instant
  joinedBefore?: Instant
  leftAfter?: Instant
  leftBefore?: Instant
  domain?: string
  suppressed?: boolean
  search?: string
  /** A segment's. */
  condition?: Condition
}

export type State = (typeof STATES)[number]
const STATES = ['pending', 'active', 'left'] as const

/** One reader, with each list that this reader is on, or was. */
export type Found = {
  id: string
  address: string | null
  name: string | null
  fields: Record<string, string | number>
  created_at: Instant
  erased_at: Instant | null
  suppressed: string | null
  lists: {
    list: string
    state: string
    language: string
    format: string
    joined_at: Instant
    left_at: Instant | null
  }[]
}

/** The newest readers that are wanted, at most `limit`; `after` continues behind the reader of this id. `next` is undefined at the end. */
export async function find(
  db: Db,
  wanted: Wanted,
  { limit = 50, after, signal }: { limit?: number; after?: string; signal?: AbortSignal } = {},
): Promise<{ readers: Found[]; next?: string }> {
  const asked = await read(db, wanted)
  const sources = await sourcesFor(db, wanted, asked, limit)
  const found: number[] = []
  for (let below = await beginning(db, after); below > 0 && found.length <= limit; ) {
    signal?.throwIfAborted()
    const stretches = await Promise.all(sources.map((source) => source(below)))
    const down = Math.max(0, ...stretches.map((stretch) => stretch.down))
    const ids = [...new Set(stretches.flatMap((stretch) => stretch.ids))].filter((id) => id >= down)
    found.push(
      ...(await kept(
        db,
        asked,
        ids.toSorted((a, b) => b - a),
      )),
    )
    below = down
  }
  const readers = await described(db, found.slice(0, limit), wanted.within)
  const last = readers.at(-1)
  return { readers, ...(found.length > limit && last && { next: last.id }) }
}

async function read(db: Db, wanted: Wanted): Promise<Asked> {
  const { list, state, language, domain, search: _, ...rest } = wanted
  if (state !== undefined && !STATES.includes(state)) throw new Problem('bad-state', { value: state })
  return {
    ...rest,
    ...(list !== undefined && { list_id: (await findList(db, list)).id }),
    ...(state !== undefined && { state }),
    ...(language !== undefined && { language: languageTag(language) }),
    ...(domain !== undefined && { domain: domain.trim().replace(/^@/, '').toLowerCase() }),
  }
}

/** The fewest that the wanted are sure to be among. */
async function sourcesFor(db: Db, wanted: Wanted, asked: Asked, limit: number): Promise<Source[]> {
  if (wanted.search?.trim()) return searching(db, wanted.search.trim(), asked, limit)
  const few =
    (wanted.domain !== undefined ? await byDomain(db, asked.domain!) : undefined) ??
    (wanted.suppressed === true ? await bySuppression(db) : undefined) ??
    (await byMovement(db, asked))
  return [few ? only(few) : walking(db, asked, limit + 1)]
}

async function searching(db: Db, text: string, asked: Asked, limit: number): Promise<Source[]> {
  const whole = wholeAddress(text)
  if (whole) {
    const row = await db.selectFrom('subscriber').select('id').where('address_hash', '=', whole).executeTakeFirst()
    if (row) return [only([row.id])]
  }
  const sources: Source[] = []
  const start = text.toLowerCase()
  if (/^[\x21-\x7e]+$/.test(start)) {
    const few = await byStart(db, start)
    sources.push(few ? only(few) : walking(db, { ...asked, start }, limit + 1))
  }
  const words = text.includes('@') ? [] : searchWords(text)
  if (words.length > 0) sources.push(byName(db, words))
  return sources.length > 0 ? sources : [only([])]
}

function wholeAddress(text: string): string | undefined {
  try {
    return addressHash(email(text))
  } catch {
    return undefined
  }
}

/** Those of the ids, in their order, of whom all that is asked is true. */
async function kept(db: Db, asked: Asked, ids: number[]): Promise<number[]> {
  if (ids.length === 0 || Object.keys(asked).length === 0) return ids
  return [...new Set(await matching(db, asked, { ids }, Number.MAX_SAFE_INTEGER))]
}

async function beginning(db: Db, after: string | undefined): Promise<number> {
  if (after === undefined) return (await newest(db, 'subscriber')) + 1
  const row = await db.selectFrom('subscriber').select('id').where('public_id', '=', after).executeTakeFirst()
  if (!row) throw new Problem('page-not-found')
  return row.id
}

/** What a table of readers shows of each. */
async function described(db: Db, ids: number[], within?: readonly number[]): Promise<Found[]> {
  const rows = await db
    .selectFrom('subscriber')
    .leftJoin('suppression', 'suppression.address_hash', 'subscriber.address_hash')
    .select(['subscriber.id', 'public_id', 'subscriber.address', 'name', 'fields', 'subscriber.created_at'])
    .select(['erased_at', 'suppression.reason as suppressed'])
    .where('subscriber.id', 'in', ids)
    .orderBy('subscriber.id', 'desc')
    .execute()
  const lists = await db
    .selectFrom('subscription')
    .innerJoin('list', 'list.id', 'subscription.list_id')
    .select(['subscriber_id', 'slug as list', 'state', 'subscription.language', 'format', 'left_at'])
    .select(({ fn }) => fn.coalesce('confirmed_at', 'subscription.created_at').as('joined_at'))
    .where('subscriber_id', 'in', ids)
    .$if(within !== undefined, (query) => query.where('list_id', 'in', [...within!]))
    .orderBy('subscription.id')
    .execute()
  const byReader = Map.groupBy(lists, (row) => row.subscriber_id)
  return rows.map(({ id, public_id, fields, ...row }) => ({
    id: public_id,
    ...row,
    fields: fields === null ? {} : JSON.parse(fields),
    lists: (byReader.get(id) ?? []).map(({ subscriber_id: __, ...list }) => list),
  }))
}
