import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as intake from '../intake/index.ts'
import { failingSince, stateOf } from './showing.ts'
import type { Source } from './source.ts'
import { reportOf } from './state.ts'

/** A source in a list: `perWeek` is how many stories it brings, `held` how many wait for review (of more than a thousand, 1,001). */
export type Listing = Source & { state: string; perWeek: number; held: number }

/** What became of an item, and what is known of it. `at` is when it was first seen, `title` '' where nothing is kept of it. */
export type ItemShown = {
  key: string
  guid: string
  link: string | null
  state: string
  title: string
  at: Instant
  article: string | null
}

const MOST_HELD = 1000
const DAY = 86_400_000

/**
 * Sources in the order they were added, those above `after`; `state`: only the failing, those that have failed for more than a
 * day (`silent`), all others that are read (`well`), the paused, the ended, or those that hold something back.
 */
export async function listedPage(
  db: Db,
  { state = '', after = 0, limit, now }: { state?: string; after?: number; limit: number; now: Instant },
): Promise<Listing[]> {
  const then = later(now, -DAY)
  const rows = await db
    .selectFrom('source')
    .selectAll()
    .where('id', '>', after)
    .$if(state === 'failing', (query) =>
      query.where('failures', '>', 0).where('paused_at', 'is', null).where('ended_at', 'is', null),
    )
    .$if(state === 'silent', (query) => query.where('due_at', 'is not', null).where((eb) => failingSince(eb, then)))
    .$if(state === 'well', (query) =>
      query.where('due_at', 'is not', null).where((eb) => eb.not(failingSince(eb, then))),
    )
    .$if(state === 'paused', (query) => query.where('paused_at', 'is not', null).where('ended_at', 'is', null))
    .$if(state === 'ended', (query) => query.where('ended_at', 'is not', null))
    .$if(state === 'held', (query) =>
      query.where(({ exists, selectFrom }) =>
        exists(
          selectFrom('source_item')
            .select('key')
            .whereRef('source_item.source_id', '=', 'source.id')
            .where('draft', 'is not', null),
        ),
      ),
    )
    .orderBy('id')
    .limit(limit)
    .execute()
  const listings: Listing[] = []
  for (const source of rows)
    listings.push({
      ...source,
      state: stateOf(source),
      perWeek: Math.round(reportOf(source).perWeek ?? 0),
      held: await heldOf(db, source.id),
    })
  return listings
}

async function heldOf(db: Db, id: number): Promise<number> {
  const rows = await db
    .selectFrom('source_item')
    .select('first_at')
    .where('source_id', '=', id)
    .where('draft', 'is not', null)
    .limit(MOST_HELD + 1)
    .execute()
  return rows.length
}

/** Items of a source in one state, what was seen first last; `after` is the last one of the page before. */
export async function itemsOf(
  db: Db,
  id: number,
  { state, after, limit }: { state: string; after?: { at: Instant; key: string }; limit: number },
): Promise<ItemShown[]> {
  const rows = await db
    .selectFrom('source_item')
    .leftJoin('article', 'article.id', 'source_item.article_id')
    .select([
      'source_item.key',
      'source_item.guid',
      'source_item.link',
      'source_item.state',
      'source_item.draft',
      'source_item.first_at',
      'article.title',
      'article.public_id',
    ])
    .where('source_item.source_id', '=', id)
    .where('source_item.state', '=', state)
    .$if(after !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('source_item.first_at', 'source_item.key'), '<', tuple(after!.at, after!.key)),
      ),
    )
    .orderBy('source_item.first_at', 'desc')
    .orderBy('source_item.key', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ key, guid, link, state, draft, first_at, title, public_id }) => ({
    ...{ key, guid, link, state, at: first_at, article: public_id },
    title: title ?? intake.waitingTitle(draft),
  }))
}
