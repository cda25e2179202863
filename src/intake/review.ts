import { setImmediate } from 'node:timers/promises'
import type { ExpressionBuilder } from 'kysely'
import { type Instant, instant, later, moment } from '../../db/instant.ts'
import type { Db, Schema } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import type { Actor, App } from '../app.ts'
import type { Article, Draft } from '../articles/index.ts'
import * as changes from '../changes.ts'
import * as digests from '../digests/index.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import type { Source } from '../sources/source.ts'
import { letGo } from './again.ts'
import { toldElsewhere } from './elsewhere.ts'
import { keyOf } from './keys.ts'
import { articlesOf, edited, publish } from './publishing.ts'
import type { Row, Waiting } from './rows.ts'
import * as rows from './rows.ts'

/** What waits for review; `state`: new, or a change to a story that was released. `since` and `date` are ISO instants. */
export type Held = {
  source: number
  guid: string
  title: string
  link: string | null
  date: string
  since: string
  state: 'new' | 'change'
}

/** What became of what was released; `also`: another source's article has come to tell it meanwhile. */
export type Released = { published: number; revised: number; also: number }

const AT_ONCE = 10 // items in a transaction
const A_DAY = 24 * 60 * 60 * 1000

/** What waits, of one source or of all, what came first on top. */
export async function held(db: Db, sourceId?: number): Promise<Held[]> {
  const waiting = await waitingRows(db, sourceId).execute()
  return waiting.map((row) => {
    const { draft } = rows.waiting(row)!
    return {
      source: row.source_id,
      guid: row.guid,
      title: draft.title,
      link: row.link,
      date: moment(draft.published_at ?? row.dated_at ?? row.first_at).toString(),
      since: moment(row.state === 'held' ? row.first_at : row.seen_at).toString(),
      state: row.state === 'held' ? 'new' : 'change',
    }
  })
}

/** A page of what waits, with its texts; `before` is the key of a row, which the page begins behind. */
export async function heldPage(
  db: Db,
  { source, before, limit }: { source?: number; before?: Pick<Row, 'first_at' | 'source_id' | 'key'>; limit: number },
): Promise<(Row & { waiting: Waiting })[]> {
  const found = await waitingRows(db, source)
    .$if(before !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('first_at', 'source_id', 'key'), '>', tuple(before!.first_at, before!.source_id, before!.key)),
      ),
    )
    .limit(limit)
    .execute()
  return found.map((row) => ({ ...row, waiting: rows.waiting(row)! }))
}

/** How much waits, counted to `most`; one more says that there is more. */
export async function heldCount(db: Db, most: number): Promise<number> {
  const rows = await db
    .selectFrom('source_item')
    .select('first_at')
    .where('draft', 'is not', null)
    .limit(most + 1)
    .execute()
  return rows.length
}

/** What waits under this key; undefined if nothing does. */
export async function heldUnder(
  db: Db,
  source: number,
  key: string,
): Promise<(Row & { waiting: Waiting }) | undefined> {
  const row = (await rows.rowsOf(db, source, [key])).get(key)
  const waiting = row && rows.waiting(row)
  return waiting && { ...row, waiting }
}

/**
 * Publishes what waits under these guids, or all that waits of a source; a change to a released story revises it. Throws
 * Problem `item-not-held` for a guid under which nothing waits, before anything is released.
 */
export async function release(app: App, actor: Actor, source: Source, guids: string[] | 'all'): Promise<Released> {
  const sum: Released = { published: 0, revised: 0, also: 0 }
  for (const some of rows.parts(await waitingKeys(app.db, source, guids), AT_ONCE)) {
    const done = await app.db.transaction().execute((db) => releaseSome(app, db, actor, source, some))
    sum.published += done.published
    sum.revised += done.revised
    sum.also += done.also
    await setImmediate()
  }
  return sum
}

/**
 * Lets go of what waits under these guids: a new item is refused for good, also when it is edited; of a released story only
 * this change. Answers how many there were; throws like `release`.
 */
export async function refuse(app: App, actor: Actor, source: Source, guids: string[]): Promise<number> {
  const keys = await waitingKeys(app.db, source, guids)
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const waiting = await waitingAmong(db, source, keys)
    for (const row of waiting) {
      const dated_at = rows.waiting(row)!.draft.published_at ?? row.dated_at // a date that was refused is no news again
      const let_go = letGo(row)
      await rows.set(db, row, { draft: null, let_go, dated_at, ...(row.state === 'held' && { state: 'refused' }) })
    }
    await changes.record(
      db,
      actor,
      at,
      waiting.map(({ guid }) => ({ verb: 'item.refuse', subject: `source:${source.id}`, before: { guid } })),
    )
    return waiting.length
  })
}

function waitingRows(db: Db, sourceId?: number) {
  return db
    .selectFrom('source_item')
    .selectAll()
    .where('draft', 'is not', null)
    .$if(sourceId !== undefined, (query) => query.where('source_id', '=', sourceId!))
    .orderBy('first_at')
    .orderBy('source_id')
    .orderBy('key')
}

async function waitingKeys(db: Db, source: Source, guids: string[] | 'all'): Promise<string[]> {
  const named = guids === 'all' ? waitingRows(db, source.id) : waitingRows(db, source.id).where(underOneOf(guids))
  const waiting = await named.clearSelect().select(['key', 'guid']).execute()
  if (guids === 'all') return waiting.map(({ key }) => key)
  return [
    ...new Set(
      guids.map((guid) => {
        const found = waiting.find((row) => row.guid === guid) ?? waiting.find((row) => row.key === keyOf(guid))
        if (!found) throw new Problem('item-not-held', { value: guid, source: source.id })
        return found.key
      }),
    ),
  ]
}

function underOneOf(guids: string[]) {
  return ({ eb, or }: ExpressionBuilder<Schema, 'source_item'>) =>
    or([eb('guid', 'in', guids), eb('key', 'in', guids.map(keyOf))])
}

/** What still waits of these: another editor may have been faster. */
async function waitingAmong(db: Db, source: Source, keys: string[]): Promise<Row[]> {
  await inTurn(db, 'intake')
  return [...(await rows.rowsOf(db, source.id, keys)).values()].filter((row) => row.draft !== null)
}

async function releaseSome(app: App, db: Db, actor: Actor, source: Source, keys: string[]): Promise<Released> {
  const at = instant(app.now())
  const waiting = (await waitingAmong(db, source, keys)).map((row) => ({ row, ...rows.waiting(row)! }))
  const stories = await articlesOf(
    db,
    waiting.map(({ row }) => row),
  )
  const changed = waiting.filter(({ row }) => row.state !== 'held')
  for (const { row, draft } of changed)
    await rows.set(db, row, { draft: null, let_go: letGo(row), dated_at: draft.published_at ?? row.dated_at })
  const revisions = changed.map(({ row, draft }) => edited(draft, stories.get(row.article_id!)!, row))
  const { revised } = await publish(db, actor, { source, at }, revisions, false)

  const fresh = waiting.filter(({ row }) => row.state === 'held')
  const elsewhere = await toldElsewhere(
    db,
    source,
    fresh.map(({ draft }) => draft),
    at,
  )
  for (const [index, { row }] of fresh.entries())
    if (elsewhere[index] !== undefined)
      await rows.set(db, row, { draft: null, let_go: letGo(row), state: 'also', article_id: elsewhere[index] })
  if (elsewhere.some((id) => id !== undefined)) await site.touch(db)
  const ours = fresh.filter((_, index) => elsewhere[index] === undefined)
  for (const archive of [false, true]) {
    const some = ours.filter((one) => one.archive === archive)
    const drafts = some.map(({ draft, row }) => dated(draft, row, archive, at))
    await bringBack(
      app,
      db,
      actor,
      some.flatMap(({ row }) => stories.get(row.article_id ?? 0) ?? []),
    )
    const { ids } = await publish(db, actor, { source, at }, drafts, archive)
    for (const [index, { row }] of some.entries())
      await rows.set(db, row, { draft: null, let_go: letGo(row), state: 'published', article_id: ids[index]! })
  }
  await changes.record(
    db,
    actor,
    at,
    waiting.map(({ row }) => ({
      verb: 'item.release',
      subject: `source:${source.id}`,
      after: { guid: row.guid },
    })),
  )
  return { published: ours.length, revised, also: fresh.length - ours.length }
}

/** What was released before, and taken back, was withdrawn by that. */
async function bringBack(app: App, db: Db, actor: Actor, stories: Article[]): Promise<void> {
  for (const article of stories) if (article.withdrawn_at !== null) await digests.restoreIn(app, db, actor, article)
}

/**
 * The time that a story waited for us for more than a day does not count as its age: its date is moved on by it, so that it
 * is as old as when it came. Else digests, which tell nothing past a certain age, would never tell it, and in feeds it would
 * come in below what their readers have seen. What came with the archive keeps its date.
 */
function dated(draft: Draft, row: Row, archive: boolean, at: Instant): Draft {
  const own = draft.published_at ?? row.first_at
  const waited = at - row.first_at
  return { ...draft, published_at: archive || waited <= A_DAY ? own : later(own, waited) }
}
