import { type Kysely, sql } from 'kysely'
import { addressesOf } from '../addresses.ts'
import { columns, type Kind, optional } from '../columns.ts'
import { type Entered, enter } from '../search.ts'

/** What publishing needs besides the first model: standing pages, pictures to fetch, search, readers of feeds. */
export async function publishing(db: Kysely<unknown>, kind: Kind): Promise<void> {
  await standingPages(db)
  await addresses(db, kind)
  await downloads(db, kind)
  await search(db, kind)
  await feedReaders(db, kind)
  await archives(db)
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

/** Stories are looked up by the addresses they had on the paper's old site, and by the picture they wait for. */
async function addresses(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, reference } = columns(kind)
  const bytewise = sql.raw(kind === 'sqlite' ? 'text' : 'text collate "C"') // a cut address is found as the beginning of one
  await table(db, 'article_address')
    .addColumn('address', bytewise, (column) => column.notNull())
    .$call(reference('article_id', 'article.id'))
    .addPrimaryKeyConstraint('article_address_key', ['address', 'article_id'])
    .execute()
  await fillAddresses(db as Kysely<Articles>)
  await sql`create index article_picture on article (image_url) where image_url is not null and image_id is null`.execute(
    db,
  )
  await sql`create index article_section_segment on article (replace(section_key, ' ', '-'), published_at) where withdrawn_at is null`.execute(
    db,
  )
  // Sitemaps read ids and dates from here: in the rows the dates lie behind the text.
  await sql`create index article_shown on article (id, published_at, updated_at) where withdrawn_at is null`.execute(db)
  for (const name of ['tag', 'author']) {
    await sql`create index ${sql.ref(`${name}_segment`)} on ${sql.table(name)} (replace(key, ' ', '-'))`.execute(db)
  }
}

type Articles = {
  article: { id: number; guid: string; url: string | null }
  article_address: { address: string; article_id: number }
}

async function fillAddresses(db: Kysely<Articles>): Promise<void> {
  for (let last = 0; ; ) {
    const stories = await db
      .selectFrom('article')
      .select(['id', 'guid', 'url'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(1000)
      .execute()
    if (stories.length === 0) return
    const rows = stories.flatMap((story) => addressesOf(story).map((address) => ({ address, article_id: story.id })))
    if (rows.length > 0) await db.insertInto('article_address').values(rows).execute()
    last = stories.at(-1)!.id
  }
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

/**
 * Folded words by article id: each database's own index, asked through db/search.ts only. It takes the place of the folded
 * text beside the article.
 */
async function search(db: Kysely<unknown>, kind: Kind): Promise<void> {
  if (kind === 'sqlite') {
    // Our words hold no ASCII but letters and digits, and every other letter is one to `ascii`; places are never asked for.
    await sql`create virtual table article_search using fts5(words, content='', contentless_delete=1, tokenize='ascii', detail=none, prefix='1 2 3')`.execute(
      db,
    )
  } else {
    const { table, reference, number } = columns(kind)
    await table(db, 'article_search')
      .$call(reference('article_id', 'article.id', (column) => column.primaryKey()))
      .$call(number('published_at'))
      .addColumn('words', sql`tsvector`, (column) => column.notNull())
      .execute()
    // By the heap alone PostgreSQL thinks reading everybody's words cheap, not knowing that they lie compressed elsewhere:
    // this function, which does nothing, says what it costs. And nothing waits outside the index, where each search reads it.
    await sql`create function article_words(tsvector) returns tsvector language plpgsql immutable cost 10000
              as 'begin return $1; end'`.execute(db)
    await sql`create index article_search_words on article_search using gin (article_words(words)) with (fastupdate = off)`.execute(
      db,
    )
  }
  await enterAll(db)
  await db.schema.alterTable('article').dropColumn('folded').execute()
}

async function enterAll(db: Kysely<unknown>): Promise<void> {
  const articles = db.withTables<{ article: Entered & { withdrawn_at: number | null } }>().selectFrom('article')
  for (let last = 0; ; ) {
    const rows = await articles
      .select(['id', 'published_at', 'folded'])
      .where('id', '>', last)
      .where('withdrawn_at', 'is', null)
      .orderBy('id')
      .limit(500)
      .execute()
    if (rows.length === 0) return
    await enter(db, rows)
    last = rows.at(-1)!.id
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

/** A month's archive says from the index alone whether it changed, however many articles it holds. */
async function archives(db: Kysely<unknown>): Promise<void> {
  await sql`create index article_archived on article (published_at, id, revised_at, image_id, language, section_key, source_id) where withdrawn_at is null`.execute(
    db,
  )
}
