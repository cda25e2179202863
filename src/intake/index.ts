import { setImmediate } from 'node:timers/promises'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import type { Item } from '../reading/index.ts'
import * as site from '../site.ts'
import type { Source } from '../sources/source.ts'
import { redated } from './draft.ts'
import { hashOf, keyOf } from './keys.ts'
import { type Absent, absent } from './missing.ts'
import { type Row, rowsOf } from './rows.ts'
import { type Incoming, type Reading, settle } from './settle.ts'
import { withdrawKeys } from './withdrawing.ts'

export { canHoldAgain, holdAgain, type Let } from './again.ts'
export { type Also, also, originalOf } from './elsewhere.ts'
export { type Foreseen, foreseen } from './foreseen.ts'
export { type Held, held, heldCount, heldPage, heldUnder, type Released, refuse, release } from './review.ts'
export { waitingTitle } from './rows.ts'
export { type Stored, stored } from './stored.ts'

/** What one reading of a source brought. */
export type Brought = {
  items: Item[]
  /** The guids that the source says are deleted. */
  deleted: string[]
  /** The first reading of it, or a back-fill: the archive, not news, unless the source is set otherwise. */
  first: boolean
  /** Whether what lies between its oldest and its newest item and is not in it has gone: a feed's page, no back-fill. */
  window: boolean
}

/**
 * What became of it. `missing`: items that were there before and are not in two readings in a row, whose pages may tell
 * whether they are gone; of each asked at most once a day. `suspected`: how many are to be looked for in another reading.
 */
export type Taken = Absent & {
  added: number
  revised: number
  unchanged: number
  held: number
  also: number
  withdrawn: number
}

const LOOKED_UP = 100 // items in one look at the database
const SETTLED = 50 // items in a transaction: each costs a commit to disk
const LETTERS = 300_000 // of their HTML in a transaction: other writers wait no longer than for a moment
const SEEN_AGAIN = 24 * 60 * 60 * 1000 // ms after which it is noted again that an unchanged item is still there

/**
 * Takes what a source brought: each item becomes an article, revises its article, waits for review, or is another source's
 * story. In short transactions with pauses, so that a server goes on answering meanwhile; safe to be killed and to be run
 * again. What is unchanged costs one lookup and no write.
 */
export async function take(app: App, actor: Actor, source: Source, brought: Brought): Promise<Taken> {
  const items = distinct(brought.items)
  const reading: Reading = {
    source,
    paper: await site.show(app, app.read),
    at: instant(app.now()),
    archive: brought.first && source.first === 'archive',
    present: new Set(items.map(({ key }) => key)),
  }
  const sum: Taken = { added: 0, revised: 0, unchanged: 0, held: 0, also: 0, withdrawn: 0, missing: [], suspected: 0 }
  for (const some of batches(items.toReversed(), LOOKED_UP)) {
    // feeds begin with the newest: ids ascend with dates
    const changed = await news(app, reading, some)
    sum.unchanged += some.length - changed.length
    for (const batch of batches(changed, SETTLED)) {
      const tally = await app.db.transaction().execute((db) => settle(app, db, actor, reading, batch))
      sum.added += tally.added
      sum.revised += tally.revised
      sum.unchanged += tally.unchanged
      sum.held += tally.held
      sum.also += tally.also
      await setImmediate()
    }
    await setImmediate()
  }
  const deleted = [...new Set(brought.deleted.map(keyOf))].filter((key) => !reading.present.has(key))
  sum.withdrawn = await withdrawKeys(app, actor, source, deleted)
  if (brought.window) Object.assign(sum, await absent(app, reading, brought.items))
  return sum
}

/** Says that these items (keys or guids) are gone at their source: their stories are withdrawn. Answers how many were. */
export async function gone(app: App, actor: Actor, source: Source, keys: string[]): Promise<number> {
  return withdrawKeys(app, actor, source, [...new Set(keys.map(keyOf))])
}

type Keyed = Omit<Incoming, 'hash'>

/** The items by their keys, of each the first that stands in the document. */
function distinct(items: Item[]): Keyed[] {
  const byKey = new Map<string, Item>()
  for (const item of items) {
    const key = keyOf(item.guid)
    if (!byKey.has(key)) byKey.set(key, item)
  }
  return [...byKey].map(([key, item]) => ({ key, item }))
}

/** Those about which something is to be done; of the others it is noted now and then that they are still there. */
async function news(app: App, { source, at }: Reading, some: Keyed[]): Promise<Incoming[]> {
  const incoming = some.map(({ key, item }) => ({ key, item, hash: hashOf(item) }))
  const known = await rowsOf(
    app.read,
    source.id,
    some.map(({ key }) => key),
  )
  const changed = incoming.filter((one) => isNews(known.get(one.key), one, at))
  const news = new Set(changed.map(({ key }) => key))
  const quiet = [...known.values()].filter((row) => !news.has(row.key) && row.seen_at <= later(at, -SEEN_AGAIN))
  if (quiet.length > 0)
    await app.db
      .updateTable('source_item')
      .set({ seen_at: at })
      .where('source_id', '=', source.id)
      .where(
        'key',
        'in',
        quiet.map((row) => row.key),
      )
      .execute()
  return changed
}

function isNews(row: Row | undefined, { hash, item }: Incoming, at: Instant): boolean {
  if (row === undefined || row.hash !== hash || row.missing_at !== null || row.state === 'withdrawn') return true
  return row.state === 'published' && row.draft === null && redated(row, item, at)
}

/** Parts of the list with few enough items, and few enough letters. */
function* batches<One extends { item: Item }>(list: One[], most: number): Generator<One[]> {
  const heaviest = LETTERS * (most / SETTLED)
  let batch: One[] = []
  let letters = 0
  for (const one of list) {
    if (batch.length > 0 && (batch.length === most || letters + one.item.html.length > heaviest)) {
      yield batch
      batch = []
      letters = 0
    }
    batch.push(one)
    letters += one.item.html.length
  }
  if (batch.length > 0) yield batch
}
