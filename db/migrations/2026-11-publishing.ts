import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** What publishing needs besides the first model: standing pages, pictures to fetch, search, readers of feeds. */
export async function publishing(db: Kysely<unknown>, kind: Kind): Promise<void> {
  await standingPages(db)
  await addresses(db)
  await downloads(db, kind)
  await search(db, kind)
  await feedReaders(db, kind)
}

/** About, contact, privacy, imprint: cleaned HTML, empty where the paper has none. */
async function standingPages(db: Kysely<unknown>): Promise<void> {
  for (const name of ['about', 'contact', 'privacy', 'imprint']) {
    await db.schema
      .alterTable('site')
      .addColumn(name, 'text', (column) => column.notNull().defaultTo(''))
      .execute()
  }
}

/** Stories are looked up by the address they had on the paper's old site, and by the picture they wait for. */
async function addresses(db: Kysely<unknown>): Promise<void> {
  await sql`create index article_url on article (url) where url is not null`.execute(db)
  await sql`create index article_picture on article (image_url) where image_url is not null and image_id is null`.execute(
    db,
  )
}

async function downloads(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text } = columns(kind)
  await table(db, 'download')
    .$call(text('url', (column) => column.notNull().primaryKey()))
    .$call(number('due_at', optional))
    .$call(number('attempts'))
    .$call(text('reason', optional))
    .execute()
  await sql`create index download_due on download (due_at) where due_at is not null`.execute(db)
}

/** Folded words by article id: each database's own index, asked through db/search.ts only. */
async function search(db: Kysely<unknown>, kind: Kind): Promise<void> {
  if (kind === 'sqlite') {
    await sql`create virtual table article_search using fts5(words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0')`.execute(
      db,
    )
  } else {
    await sql`create table article_search (article_id bigint primary key references article (id), words tsvector not null)`.execute(
      db,
    )
    await sql`create index article_search_words on article_search using gin (words)`.execute(db)
  }
}

async function feedReaders(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text } = columns(kind)
  await table(db, 'feed_reader')
    .$call(text('feed'))
    .$call(text('reader'))
    .$call(text('agent'))
    .$call(number('n'))
    .$call(text('seen_on'))
    .addPrimaryKeyConstraint('feed_reader_key', ['feed', 'reader'])
    .execute()
  await db.schema.createIndex('feed_reader_age').on('feed_reader').column('seen_on').execute()
}
