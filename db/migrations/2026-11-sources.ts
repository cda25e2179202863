import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** What reading other sites needs: the state of each source, what each of its items became, pictures in bodies. */
export async function sources(db: Kysely<unknown>, kind: Kind): Promise<void> {
  await state(db, kind)
  await items(db, kind)
  await pictures(db, kind)
  await posts(db, kind)
}

/** How a source is read, and how its last readings went. Row 0 is the desk, which nobody polls. */
async function state(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const words: [string, string][] = [
    ['kind', 'feed'],
    ['relation', 'partner'],
    ['home', ''],
    ['host', ''],
    ['date_order', 'auto'],
    ['body', 'full'],
    ['intake', 'publish'],
    ['first', 'archive'],
    ['pictures', 'leave'],
    ['report', '{}'],
  ]
  for (const [name, word] of words)
    await db.schema
      .alterTable('source')
      .addColumn(name, 'text', (column) => column.notNull().defaultTo(word))
      .execute()
  for (const name of ['charset', 'etag', 'last_modified', 'cursor', 'error'])
    await db.schema.alterTable('source').addColumn(name, 'text').execute()
  const whole = kind === 'sqlite' ? 'integer' : 'bigint'
  for (const name of ['due_at', 'read_at', 'polled_at', 'fresh_at', 'paused_at', 'ended_at'])
    await db.schema.alterTable('source').addColumn(name, whole).execute()
  for (const name of ['failures', 'pause'])
    await db.schema
      .alterTable('source')
      .addColumn(name, whole, (column) => column.notNull().defaultTo(0))
      .execute()
  await sql`update source set kind = 'desk', relation = 'own', pictures = 'keep' where id = 0`.execute(db)
  await sql`create index source_due on source (due_at) where due_at is not null`.execute(db)
  const { table, number, text } = columns(kind)
  await table(db, 'source_host')
    .$call(text('host', (column) => column.notNull().primaryKey()))
    .$call(number('held_until'))
    .$call(text('holder'))
    .execute()
}

/** What each item of a source became: an article of its own, another's (also at), one that waits for review. */
async function items(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text, reference } = columns(kind)
  await table(db, 'source_item')
    .$call(reference('source_id', 'source.id'))
    .$call(text('key'))
    .$call(text('guid'))
    .$call(text('link', optional))
    .$call(text('link_key', optional))
    .$call(text('state'))
    .$call(reference('article_id', 'article.id', optional))
    .$call(text('hash'))
    .$call(text('draft', optional))
    .$call(number('dated_at', optional))
    .$call(number('first_at'))
    .$call(number('seen_at'))
    .$call(number('missing_at', optional))
    .addPrimaryKeyConstraint('source_item_key', ['source_id', 'key'])
    .execute()
  await sql`create index source_item_article on source_item (article_id) where article_id is not null`.execute(db)
  await sql`create index source_item_waiting on source_item (source_id, first_at) where draft is not null`.execute(db)
  await sql`create index source_item_link on source_item (source_id, link_key) where link_key is not null`.execute(db)
  await sql`create index source_item_dated on source_item (source_id, dated_at) where dated_at is not null`.execute(db)
  for (const name of ['link_key', 'title_key']) await db.schema.alterTable('article').addColumn(name, 'text').execute()
  const whole = kind === 'sqlite' ? 'integer' : 'bigint'
  for (const name of ['archived_at', 'pictured_at'])
    await db.schema.alterTable('article').addColumn(name, whole).execute()
  await sql`create index article_link on article (link_key) where link_key is not null`.execute(db)
  await sql`create index article_title on article (title_key, published_at) where title_key is not null`.execute(db)
}

/** Pictures in bodies that are to be kept, and what stood where: old addresses lead to the pictures and the streams we have. */
async function pictures(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, text, reference } = columns(kind)
  await table(db, 'body_picture')
    .$call(reference('article_id', 'article.id'))
    .$call(text('url'))
    .$call(text('wanted'))
    .$call(reference('image_id', 'image.id', optional))
    .addPrimaryKeyConstraint('body_picture_key', ['article_id', 'url'])
    .execute()
  await sql`create index body_picture_kept on body_picture (url) where image_id is not null`.execute(db)
  await sql`create index body_picture_wanted on body_picture (wanted) where image_id is null`.execute(db)
  await table(db, 'image_address')
    .$call(text('address', (column) => column.notNull().primaryKey()))
    .$call(reference('image_id', 'image.id'))
    .execute()
  await table(db, 'former_name')
    .$call(text('by'))
    .$call(text('slug'))
    .$call(text('name'))
    .addPrimaryKeyConstraint('former_name_key', ['by', 'slug'])
    .execute()
}

/** What a mirrored WordPress site held when it was last looked at, by its own numbers. */
async function posts(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number, text, reference } = columns(kind)
  await table(db, 'wordpress_post')
    .$call(reference('source_id', 'source.id'))
    .$call(number('number'))
    .$call(text('guid'))
    .$call(text('state'))
    .$call(number('modified_at', optional))
    .$call(number('missing_at', optional))
    .addPrimaryKeyConstraint('wordpress_post_key', ['source_id', 'number'])
    .execute()
  await sql`create index wordpress_post_guid on wordpress_post (source_id, guid)`.execute(db)
  await sql`create index wordpress_post_missing on wordpress_post (source_id, missing_at) where missing_at is not null`.execute(
    db,
  )
}
