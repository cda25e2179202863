import type { Instant } from '../../db/instant.ts'
import { later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Article, Draft } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import type { Source } from '../sources/source.ts'
import { nameOf } from './draft.ts'
import { spellings } from './keys.ts'

const A_DAY = 24 * 60 * 60 * 1000

/** Where else a story stands: a source's name for readers, and the address there. */
export type Also = { title: string; link: string }

/** The partners that tell these articles' stories too, on pages of their own. */
export async function also(db: Db, articleIds: number[]): Promise<Map<number, Also[]>> {
  const rows = await db
    .selectFrom('source_item')
    .innerJoin('source', 'source.id', 'source_item.source_id')
    .innerJoin('article', 'article.id', 'article_id')
    .select(['article_id', 'link', 'source.credit', 'source.title', 'source.home', 'source.url'])
    .where('article_id', 'in', articleIds)
    .where('state', '=', 'also')
    .where('relation', '=', 'partner')
    .where('link', 'is not', null)
    .where(({ eb, or }) =>
      or([
        eb('article.link_key', 'is', null),
        eb('source_item.link_key', 'is', null),
        eb('article.link_key', '!=', eb.ref('source_item.link_key')),
      ]),
    )
    .orderBy('first_at')
    .orderBy('source_item.source_id')
    .execute()
  const byArticle = Map.groupBy(rows, (row) => row.article_id!)
  return new Map(
    [...byArticle].map(([id, list]) => {
      const links = new Map(list.map((row) => [nameOf(row), row.link!]).toReversed() as [string, string][])
      return [id, [...links].toReversed().map(([title, link]) => ({ title, link }))]
    }),
  )
}

/** Where a partner's story stands that we have in full: search engines are to show it there. Undefined for our own. */
export async function originalOf(db: Db, story: Article): Promise<string | undefined> {
  if (story.source_id === 0 || story.body_html === '' || story.url === null) return undefined
  const source = await db
    .selectFrom('source')
    .select('relation')
    .where('id', '=', story.source_id)
    .executeTakeFirstOrThrow()
  return source.relation === 'partner' ? story.url : undefined
}

type Told = {
  id: number
  source_id: number
  relation: string
  link_key: string | null
  title_key: string | null
  published_at: Instant
}

/**
 * For each draft the article in which another source, the desk or an import tells the same story: by its address, or by its
 * title within a day. What the newsroom's own source tells is only found among its own.
 */
export async function toldElsewhere(
  db: Db,
  source: Source,
  drafts: Draft[],
  at: Instant,
): Promise<(number | undefined)[]> {
  const told = drafts.length > 0 ? await candidates(db, source, drafts, at) : []
  return drafts.map((draft) => {
    const link = articles.linkKey(draft.url)
    const title = articles.titleKey(draft.title)
    const date = draft.published_at ?? at
    const same = told.filter(
      (one) =>
        (link !== undefined && one.link_key === link) ||
        (title !== undefined && one.title_key === title && Math.abs(one.published_at - date) <= A_DAY),
    )
    return (same.find((one) => one.relation === 'own') ?? same[0])?.id
  })
}

/** Articles of others with an address or title of these; not those that this source has a part in. */
async function candidates(db: Db, source: Source, drafts: Draft[], at: Instant): Promise<Told[]> {
  const dates = drafts.map((draft) => draft.published_at ?? at)
  const links = drafts.flatMap((draft) => articles.linkKey(draft.url) ?? [])
  const titles = drafts.flatMap((draft) => articles.titleKey(draft.title) ?? [])
  const others = db
    .selectFrom('article')
    .innerJoin('source', 'source.id', 'article.source_id')
    .select(['article.id', 'source_id', 'relation', 'link_key', 'title_key', 'published_at'])
    .where('source_id', '!=', source.id)
    .where('withdrawn_at', 'is', null)
    .$if(source.relation === 'own', (query) => query.where('relation', '=', 'own'))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('source_item')
            .select('key')
            .whereRef('source_item.article_id', '=', 'article.id')
            .where('source_item.source_id', '=', source.id),
        ),
      ),
    )
    .orderBy('article.id')
  const byLink = await others.where('link_key', 'in', links).execute()
  const byTitle = await others
    .where('title_key', 'in', titles)
    .where('published_at', '>=', later(Math.min(...dates) as Instant, -A_DAY))
    .where('published_at', '<=', later(Math.max(...dates) as Instant, A_DAY))
    .execute()
  return [...byLink, ...byTitle]
}

/**
 * For each draft of the newsroom's own source the article that was imported before under its guid or address, which it goes
 * on with; not one with which an item goes on already. No article is given twice.
 */
export async function imported(db: Db, source: Source, drafts: Draft[]): Promise<(number | undefined)[]> {
  if (source.relation !== 'own') return drafts.map(() => undefined)
  const names = drafts.map((draft) => spellings(draft.guid))
  const links = drafts.map((draft) => articles.linkKey(draft.url))
  const free = db
    .selectFrom('article')
    .select(['id', 'guid', 'link_key'])
    .where('source_id', '=', 0)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('source_item')
            .select('key')
            .whereRef('source_item.article_id', '=', 'article.id')
            .where('state', '=', 'published'),
        ),
      ),
    )
    .orderBy('id')
  const byGuid = await free.where('guid', 'in', names.flat()).execute()
  const byLink = await free
    .where(
      'link_key',
      'in',
      links.filter((link) => link !== undefined),
    )
    .execute()
  const given = new Set<number>()
  const found = drafts.map((_, index) => byGuid.find((one) => names[index]!.includes(one.guid) && fresh(given, one.id)))
  return drafts.map(
    (_, index) => (found[index] ?? byLink.find((one) => one.link_key === links[index] && fresh(given, one.id)))?.id,
  )
}

function fresh(given: Set<number>, id: number): boolean {
  return !given.has(id) && given.add(id) !== undefined
}
