import type { Db } from '../../db/schema.ts'
import * as articles from '../articles/index.ts'
import type { Edition } from '../editions.ts'
import type { Digest } from './promise.ts'

/** An edition as its public page shows it; withdrawn stories are among them, with their reason. */
export type EditionPage = {
  edition: Edition
  digest: Digest
  list: { title: string }
  language: string
  day: string
  stories: articles.Story[]
  headlines: articles.Story[]
}

/**
 * The edition of a day: all stories of its fullest letter, as it was first composed; undefined if there is none. `named` is
 * the one of another hour than the digest's own; without it, one of these where the own hour had none.
 */
export async function editionPage(db: Db, slug: string, day: string, named?: string): Promise<EditionPage | undefined> {
  const digest = await db.selectFrom('digest').selectAll().where('slug', '=', slug).executeTakeFirst()
  if (!digest) return undefined
  const edition = await db
    .selectFrom('edition')
    .selectAll()
    .where('digest_id', '=', digest.id)
    .where('day', '=', day)
    .where('state', 'not in', ['skipped', 'composing'])
    .$if(named !== undefined, (query) => query.where('public_id', '=', named!))
    .orderBy('slot_id')
    .executeTakeFirst()
  if (!edition) return undefined
  const list = await db
    .selectFrom('list')
    .select(['title', 'language'])
    .where('id', '=', digest.list_id)
    .executeTakeFirstOrThrow()
  const part = await db
    .selectFrom('part')
    .select('id')
    .where('edition_id', '=', edition.id)
    .where('revision', '=', 1)
    .orderBy('from_seq')
    .orderBy('id')
    .executeTakeFirstOrThrow()
  const rows = await db
    .selectFrom('part_article')
    .selectAll()
    .where('part_id', '=', part.id)
    .orderBy('position')
    .execute()
  const byId = new Map(
    (
      await articles.byIds(
        db,
        rows.map((row) => row.article_id),
      )
    ).map((story) => [story.id, story]),
  )
  const shown = (full: boolean) =>
    rows.filter((row) => (row.form === 'full') === full).flatMap((row) => byId.get(row.article_id) ?? [])
  return {
    edition,
    digest,
    list: { title: list.title },
    language: list.language,
    day,
    stories: shown(true),
    headlines: shown(false),
  }
}
