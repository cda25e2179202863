import type { Db } from '../../db/schema.ts'
import type { Source } from '../sources/source.ts'
import { waiting } from './rows.ts'

/**
 * An item of a source as it is stored. `date` is an ISO instant, `guid` as the source wrote it. `state`: published, held
 * (waits for review), or also: another source's article tells it, whose text this is.
 */
export type Stored = { title: string; link: string | null; guid: string; date: string; html: string; state: string }

/** All that is stored of a source, without what was withdrawn or refused, newest first. */
export async function stored(db: Db, source: Pick<Source, 'id'>): Promise<Stored[]> {
  const rows = await db
    .selectFrom('source_item')
    .leftJoin('article', 'article.id', 'article_id')
    .select([
      'source_item.guid',
      'link',
      'state',
      'draft',
      'first_at',
      'dated_at',
      'title',
      'body_html',
      'published_at',
    ])
    .where('source_item.source_id', '=', source.id)
    .where('state', 'in', ['published', 'also', 'held'])
    .where('withdrawn_at', 'is', null)
    .execute()
  const items = rows.map(({ guid, link, state, draft, title, body_html, ...dates }) => {
    const held = state === 'held' ? waiting({ draft })!.draft : undefined
    const at = state === 'published' ? dates.published_at! : (dates.dated_at ?? dates.first_at)
    return { title: held?.title ?? title!, link, guid, at, html: held?.body_html ?? body_html!, state }
  })
  return items
    .sort((a, b) => b.at - a.at || (a.guid < b.guid ? -1 : 1))
    .map(({ at, ...item }) => ({ ...item, date: new Date(at).toISOString() }))
}
