import type { Db } from '../../db/schema.ts'
import * as articles from '../articles/index.ts'
import { fold } from '../text.ts'
import { dateOf } from './draft.ts'
import type { Row } from './rows.ts'
import * as rows from './rows.ts'
import type { Incoming, Reading } from './settle.ts'

type Candidate = Row & { title: string | null }

/**
 * A source may name its items anew: an unknown guid with the address of a known item, which is not in the document under its
 * own, is that item, and from now on known by this key. Where both its title and its date are others it is another story on
 * the same page.
 */
export async function renamed(db: Db, reading: Reading, batch: Incoming[], known: Map<string, Row>): Promise<void> {
  const strangers = batch.filter((one) => !known.has(one.key))
  if (strangers.length === 0) return
  const candidates = [...(await under(db, reading, strangers)), ...(await titled(db, reading, strangers))]
  for (const { key, item } of strangers) {
    const link = articles.linkKey(item.link)
    const found = candidates.find((row) =>
      link !== undefined && row.link_key === link ? !isAnother(row, item, reading) : isTwin(row, item, reading),
    )
    if (!found) continue
    candidates.splice(candidates.indexOf(found), 1)
    const { title: _, ...row } = found
    await rows.set(db, row, { key })
    known.set(key, { ...row, key })
  }
}

/** The items at these addresses that the document does not name. */
async function under(db: Db, { source, present }: Reading, strangers: Incoming[]): Promise<Candidate[]> {
  const links = strangers.flatMap(({ item }) => articles.linkKey(item.link) ?? [])
  const found = await db
    .selectFrom('source_item')
    .leftJoin('article', 'article.id', 'article_id')
    .selectAll('source_item')
    .select('title')
    .where('source_item.source_id', '=', source.id)
    .where('source_item.link_key', 'in', links)
    .orderBy('first_at', 'desc')
    .execute()
  return found.filter((row) => !present.has(row.key))
}

/** The items with one of these titles that the document does not name: a site that moves names all of them anew. */
async function titled(db: Db, { source, present }: Reading, strangers: Incoming[]): Promise<Candidate[]> {
  const titles = strangers.flatMap(({ item }) => articles.titleKey(item.title) ?? [])
  const found = await db
    .selectFrom('source_item')
    .innerJoin('article', 'article.id', 'article_id')
    .selectAll('source_item')
    .select('title')
    .where('source_item.source_id', '=', source.id)
    .where('source_item.state', '=', 'published')
    .where('article.title_key', 'in', titles)
    .execute()
  return found.filter((row) => !present.has(row.key))
}

/** The same title to the same second: one story under another guid and address. */
function isTwin(row: Candidate, item: Incoming['item'], { at }: Reading): boolean {
  const date = dateOf(item, at)
  return date !== undefined && date === row.dated_at && fold(row.title ?? '') === fold(item.title)
}

function isAnother(row: Candidate, item: Incoming['item'], { at }: Reading): boolean {
  const date = dateOf(item, at)
  const dated = date !== undefined && row.dated_at !== null && date !== row.dated_at
  return dated && fold(row.title ?? rows.waiting(row)?.draft.title ?? '') !== fold(item.title)
}
