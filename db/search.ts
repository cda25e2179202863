import { type Expression, type Kysely, type SqlBool, sql } from 'kysely'
import { kindOf } from './database.ts'
import type { Instant } from './instant.ts'
import { indexWords } from './words.ts'

/** Any schema's database: migrations have one of their own time. */
type Handle = Pick<Kysely<unknown>, 'getExecutor'>

/** An article as the index takes it: `folded` is its whole text as search compares it. */
export type Entered = { id: number; published_at: Instant; folded: string }

/** Which articles to look for: words of letters and digits only, and a condition on `article` if not all are meant. */
export type Sought = {
  words: string[]
  filter?: Expression<SqlBool>
  now: Instant
  before?: { published_at: Instant; id: number }
  limit: number
  offset?: number
}

/** Enters articles in the index, or enters them anew. */
export async function enter(db: Handle, articles: Entered[]): Promise<void> {
  if (articles.length === 0) return
  if (kindOf(db) === 'sqlite') {
    const rows = articles.map(({ id, folded }) => sql`(${id}, ${indexWords(folded).join(' ')})`)
    await sql`insert or replace into article_search (rowid, words) values ${sql.join(rows)}`.execute(db)
    return
  }
  const rows = articles.map(({ id, published_at, folded }) => {
    const words = indexWords(folded)
    const all = [...words, ...beginnings(words)].join(' ')
    return sql`(${id}, ${published_at}, array_to_tsvector(string_to_array(${all}, ' ')))`
  })
  await sql`insert into article_search (article_id, published_at, words) values ${sql.join(rows)}
            on conflict (article_id) do update set published_at = excluded.published_at, words = excluded.words`.execute(
    db,
  )
}

/** Takes an article out of the index. */
export async function leave(db: Handle, id: number): Promise<void> {
  const key = sql.ref(kindOf(db) === 'sqlite' ? 'rowid' : 'article_id')
  await sql`delete from article_search where ${key} = ${id}`.execute(db)
}

/** The ids of the articles that readers may see and that hold words beginning with all of these, newest first. */
export async function newest(db: Handle, sought: Sought): Promise<number[]> {
  const query = kindOf(db) === 'sqlite' ? walking(sought) : sorting(sought)
  const { rows } = await query.execute(db)
  return rows.map((row) => row.id)
}

/**
 * The index is asked once, then articles are taken in their order and looked up in its answer. Joining and sorting all
 * that hold a common word takes ten times as long; the `+` keeps SQLite from it.
 */
function walking({ words, filter, now, before, limit, offset = 0 }: Sought) {
  const all = words.map((word) => `"${word}"*`).join(' AND ')
  return sql<{ id: number }>`
    select article.id from article
    where article.withdrawn_at is null and article.published_at <= ${now}
    ${before ? sql`and (article.published_at, article.id) < (${before.published_at}, ${before.id})` : sql``}
    ${filter ? sql`and ${filter}` : sql``}
    and +article.id in (select rowid from article_search where article_search match ${all})
    order by article.published_at desc, article.id desc limit ${limit} offset ${offset}`
}

/**
 * PostgreSQL sorts what its index finds. The words hide behind `select`, so that it plans without knowing how common they
 * are: for a common one it would read all articles' words instead, which takes a hundred times as long.
 */
function sorting({ words, filter, now, before, limit, offset = 0 }: Sought) {
  const all = words.map((word) => ([...word].length <= SHORT ? `'^${word}'` : `'${word}':*`)).join(' & ')
  return sql<{ id: number }>`
    select article_id as id from article_search
    where article_words(words) @@ (select ${all}::tsquery) and published_at <= ${now}
    ${before ? sql`and (published_at, article_id) < (${before.published_at}, ${before.id})` : sql``}
    ${filter ? sql`and exists (select from article where article.id = article_id and ${filter})` : sql``}
    order by published_at desc, article_id desc limit ${limit} offset ${offset}`
}

const SHORT = 2 // letters

/** PostgreSQL would gather a short beginning from thousands of words: it is a word of its own there, as in FTS5's `prefix`. */
function beginnings(words: string[]): Set<string> {
  return new Set(
    words.flatMap((word) => {
      const [first = '', second = ''] = word
      return [`^${first}`, `^${first}${second}`]
    }),
  )
}
