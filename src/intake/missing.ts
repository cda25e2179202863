import { later } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Item } from '../reading/index.ts'
import { parts } from './rows.ts'
import type { Reading } from './settle.ts'

/** An item that has vanished from its source's document: its key, and where its page was. */
export type Missing = { key: string; link: string }

const MOST = 5 // in one reading: whoever asked for their pages holds up the sources of the same host
const MOST_NOTED = 500
const AGAIN = 24 * 60 * 60 * 1000 // ms until a page that was asked may be asked again
const FEWEST = 10 // items of which a tenth may be old ones that stand there for another reason

/** `missing`: what is to be asked for; `suspected`: how many another reading of the same document will tell of. */
export type Absent = { missing: Missing[]; suspected: number }

/**
 * Items no older than a document reaches that are not in it, now and in the reading before; also those that were its
 * newest, as what is taken back mostly is.
 *
 * A few very old items in a document, such as a pinned one, do not make it reach so far back.
 */
export async function absent(app: App, reading: Reading, items: Item[]): Promise<Absent> {
  const { source, at, present } = reading
  const dates = items.flatMap((item) => item.published_at ?? []).sort((a, b) => a - b)
  if (dates.length < 2) return { missing: [], suspected: 0 }
  const oldest = dates[dates.length < FEWEST ? 0 : Math.floor(dates.length / 10)]!
  const known = await app.read
    .selectFrom('source_item')
    .innerJoin('article', 'article.id', 'article_id')
    .select(['key', 'link', 'missing_at'])
    .where('source_item.source_id', '=', source.id)
    .where('state', '=', 'published')
    .where('link', 'is not', null)
    .where('withdrawn_at', 'is', null)
    .where('dated_at', '>=', oldest)
    .orderBy('dated_at', 'desc')
    .limit(present.size + MOST_NOTED)
    .execute()
  const gone = known.filter((row) => !present.has(row.key))
  const first = gone.filter((row) => row.missing_at === null).slice(0, MOST_NOTED)
  const again = gone.filter((row) => row.missing_at !== null && row.missing_at <= at)
  const asked = again.slice(0, MOST)
  await note(
    app,
    reading,
    first.map((row) => row.key),
    at,
  )
  await note(
    app,
    reading,
    asked.map((row) => row.key),
    later(at, AGAIN),
  )
  return {
    missing: asked.map((row) => ({ key: row.key, link: row.link! })),
    suspected: first.length + again.length - asked.length,
  }
}

async function note(app: App, { source }: Reading, keys: string[], missing_at: Reading['at']): Promise<void> {
  for (const some of parts(keys, 100))
    await app.db
      .updateTable('source_item')
      .set({ missing_at })
      .where('source_id', '=', source.id)
      .where('key', 'in', some)
      .execute()
}
