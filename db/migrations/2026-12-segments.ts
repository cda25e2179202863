import { type Kysely, sql } from 'kysely'
import { columns, type Kind, optional } from '../columns.ts'

/** What else the newsroom keeps of its readers, parts of lists by rules, and finding one reader among a million. */
export async function segments(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, id, number, text, reference } = columns(kind)
  await table(db, 'field')
    .$call(id)
    .$call(text('name', (column) => column.notNull().unique()))
    .$call(text('title'))
    .$call(text('kind'))
    .$call(number('created_at'))
    .execute()
  await db.schema.alterTable('subscriber').addColumn('fields', 'text').execute()
  await table(db, 'segment')
    .$call(id)
    .$call(text('slug', (column) => column.notNull().unique()))
    .$call(text('title'))
    .$call(reference('list_id', 'list.id'))
    .$call(text('rule'))
    .$call(number('created_at'))
    .execute()
  const whole = kind === 'sqlite' ? 'integer' : 'bigint'
  await db.schema
    .alterTable('digest')
    .addColumn('segment_id', whole, (column) => optional(column).references('segment.id'))
    .execute()
  await indexes(db, kind)
  await names(db, kind)
}

/** Few and narrow, as every import pays for them: whatever else is asked for is found by reading a list in the order of its readers. */
async function indexes(db: Kysely<unknown>, kind: Kind): Promise<void> {
  if (kind === 'sqlite') {
    await sql`create index subscriber_domain on subscriber (substr(address, instr(address, '@') + 1), id)
              where address is not null`.execute(db)
    // The addresses are indexed by their bytes already: only those with capitals need another entry.
    await sql`create index subscriber_capitals on subscriber (lower(address)) where address <> lower(address)`.execute(
      db,
    )
  } else {
    await sql`create index subscriber_domain on subscriber (split_part(address, '@', 2), id) where address is not null`.execute(
      db,
    )
    await sql`create index subscriber_lower on subscriber (lower(address) collate "C") where address is not null`.execute(
      db,
    )
  }
}

/**
 * Names are searched by their folded words, which SQL cannot make: a trigger notes whose name is new, whoever wrote it, and
 * an import is not held up by the index.
 */
async function names(db: Kysely<unknown>, kind: Kind): Promise<void> {
  const { table, number } = columns(kind)
  await table(db, 'name_change')
    .$call(number('subscriber_id', (column) => column.notNull().primaryKey()))
    .execute()
  if (kind === 'sqlite') {
    await sql`create virtual table subscriber_search using fts5(words, content='', contentless_delete=1, tokenize='ascii', detail=none, prefix='1 2 3')`.execute(
      db,
    )
    await sql`create trigger subscriber_named after insert on subscriber when new.name is not null
              begin insert or ignore into name_change values (new.id); end`.execute(db)
    await sql`create trigger subscriber_renamed after update of name on subscriber when new.name is not old.name
              begin insert or ignore into name_change values (new.id); end`.execute(db)
    await sql`create trigger subscriber_gone after delete on subscriber when old.name is not null
              begin insert or ignore into name_change values (old.id); end`.execute(db)
  } else {
    await table(db, 'subscriber_search')
      .$call(number('subscriber_id', (column) => column.notNull().primaryKey())) // no reference: who is gone is forgotten later
      .addColumn('words', sql`tsvector`, (column) => column.notNull())
      .execute()
    await sql`create index subscriber_search_words on subscriber_search using gin (words) with (fastupdate = off)`.execute(
      db,
    )
    await sql`create function note_name_change() returns trigger language plpgsql as $$ begin
                insert into name_change select id from named where name is not null on conflict do nothing; return null; end $$`.execute(
      db,
    )
    await sql`create function note_name_changed() returns trigger language plpgsql as $$ begin
                insert into name_change values (new.id) on conflict do nothing; return null; end $$`.execute(db)
    await sql`create trigger subscriber_named after insert on subscriber referencing new table as named
              for each statement execute function note_name_change()`.execute(db)
    await sql`create trigger subscriber_gone after delete on subscriber referencing old table as named
              for each statement execute function note_name_change()`.execute(db)
    await sql`create trigger subscriber_renamed after update of name on subscriber
              for each row when (new.name is distinct from old.name) execute function note_name_changed()`.execute(db)
  }
  await sql`insert into name_change select id from subscriber where name is not null`.execute(db)
}
