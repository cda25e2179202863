import type { Insertable } from 'kysely'
import type { Db, SourceItemTable } from '../../db/schema.ts'
import type { Actor } from '../app.ts'
import type { Draft } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import * as changes from '../changes.ts'
import * as site from '../site.ts'
import { wellFormed } from '../text.ts'
import { dateOf, draftOf } from './draft.ts'
import { imported, toldElsewhere } from './elsewhere.ts'
import { publish } from './publishing.ts'
import type { Row, Waiting } from './rows.ts'
import * as rows from './rows.ts'
import type { Incoming, Reading } from './settle.ts'

/** What became of new items; `adopted` are known now by the articles that were imported before, which they are to revise. */
export type Welcomed = { added: number; held: number; also: number; adopted: (Incoming & { row: Row })[] }

type Place = {
  one: Incoming
  draft: Draft
  state: 'adopted' | 'also' | 'held' | 'published'
  article_id: number | null
}

/** What has not been here before: an imported article's item, another's story, one that waits, or a new article. */
export async function welcome(
  db: Db,
  actor: Actor,
  reading: Reading,
  fresh: Incoming[],
  known: Map<string, Row>,
): Promise<Welcomed> {
  if (fresh.length === 0) return { added: 0, held: 0, also: 0, adopted: [] }
  const { source, at, archive } = reading
  const places = await placesOf(db, reading, fresh)
  const ours = places.filter((place) => place.state === 'published')
  const { added, ids } = await publish(
    db,
    actor,
    reading,
    ours.map((place) => place.draft),
    archive,
  )
  for (const [index, place] of ours.entries()) place.article_id = ids[index]!
  const made = places.map((place) => rowOf(reading, place, known.get(place.one.key)))
  await rows.add(
    db,
    made.filter((row) => !known.has(row.key)),
  )
  for (const row of made.filter((row) => known.has(row.key))) await rows.set(db, row, row)
  const [also, held] = (['also', 'held'] as const).map((state) => places.filter((place) => place.state === state))
  if (also!.length > 0) await site.touch(db) // their articles' pages name this source too
  const verbs = { also: 'item.also', held: 'item.hold' }
  await changes.record(
    db,
    actor,
    at,
    [...also!, ...held!].map(({ one, state }) => ({
      verb: verbs[state as 'also' | 'held'],
      subject: `source:${source.id}`,
      after: { guid: one.item.guid },
    })),
  )
  return {
    added,
    held: held!.length,
    also: also!.length,
    adopted: places.flatMap(({ one, state }, index) => (state === 'adopted' ? [{ ...one, row: made[index]! }] : [])),
  }
}

async function placesOf(db: Db, { source, paper, at }: Reading, fresh: Incoming[]): Promise<Place[]> {
  const drafts = fresh.map(({ item }) => draftOf(source, item, paper, at))
  const before = await imported(db, source, drafts)
  const elsewhere = await toldElsewhere(db, source, drafts, at)
  return fresh.map((one, index): Place => {
    const base = { one, draft: drafts[index]! }
    if (before[index] !== undefined) return { ...base, state: 'adopted', article_id: before[index] }
    if (elsewhere[index] !== undefined) return { ...base, state: 'also', article_id: elsewhere[index] }
    return { ...base, state: source.intake === 'hold' ? 'held' : 'published', article_id: null }
  })
}

/** The row of a new item; `row` is the one it had before its source took it back. */
function rowOf({ source, at, archive }: Reading, { one, draft, state, article_id }: Place, row: Row | undefined) {
  const { key, item, hash } = one
  const waiting: Waiting = { draft, archive }
  return {
    source_id: source.id,
    key,
    guid: row?.guid ?? wellFormed(item.guid),
    link: item.link ?? null,
    link_key: articles.linkKey(item.link) ?? null,
    state: state === 'adopted' ? 'published' : state,
    article_id,
    hash: state === 'adopted' ? '' : hash, // not yet what the article says
    draft: state === 'held' ? JSON.stringify(waiting) : null,
    let_go: null,
    dated_at: dateOf(item, at) ?? null,
    first_at: row?.first_at ?? at,
    seen_at: at,
    missing_at: null,
  } satisfies Insertable<SourceItemTable>
}
