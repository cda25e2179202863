import { type Expression, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Kind } from './columns.ts'
import { kindOf } from './database.ts'
import { indexWords } from './words.ts'

/*
 * Finding readers where the two databases differ: a part of an address, a name's words, a cell of JSON. The expressions are
 * spelled as the indexes spell them: in any other spelling neither database would use those.
 */

type Handle = Pick<Kysely<unknown>, 'getExecutor'>

const LAST = '\u007f' // above every letter of an address

/** What follows the `@` of a subscriber's address. */
export function domain(kind: Kind): Expression<string> {
  return kind === 'sqlite'
    ? sql<string>`substr(subscriber.address, instr(subscriber.address, '@') + 1)`
    : sql<string>`split_part(subscriber.address, '@', 2)`
}

/** Subscribers whose address begins so, whatever its case; at most `limit`. `start` is in lower case and ASCII. */
export async function beginning(db: Handle, start: string, limit: number): Promise<number[]> {
  const [from, to] = [start, start + LAST]
  const all =
    kindOf(db) === 'sqlite'
      ? sql<{ id: number }>`select id from subscriber where (address >= ${from} and address < ${to}) or
          (address <> lower(address) and lower(address) >= ${from} and lower(address) < ${to}) limit ${limit}`
      : // In the order of its index: it stops there, where a bitmap would first gather everybody.
        sql<{ id: number }>`select id from subscriber
          where address is not null and lower(address) collate "C" >= ${from} and lower(address) collate "C" < ${to}
          order by lower(address) collate "C" limit ${limit}`
  return (await all.execute(db)).rows.map((row) => row.id)
}

/** Whether a subscriber's address begins so, asked of each in turn. */
export function alsoBeginsWith(start: string): Expression<SqlBool> {
  return sql<SqlBool>`substr(lower(subscriber.address), 1, ${start.length}) = ${start}`
}

/** What a subscriber's field of this name holds, as text; null where it holds nothing. */
export function field(kind: Kind, name: string): Expression<string | null> {
  return kind === 'sqlite'
    ? sql<string | null>`cast(json_extract(subscriber.fields, ${`$."${name}"`}) as text)`
    : sql<string | null>`cast(subscriber.fields as jsonb) ->> ${name}`
}

/** The same as a number, for fields that hold nothing else. */
export function numberField(kind: Kind, name: string): Expression<number | null> {
  return kind === 'sqlite'
    ? sql<number | null>`json_extract(subscriber.fields, ${`$."${name}"`})`
    : sql<number | null>`cast(cast(subscriber.fields as jsonb) ->> ${name} as double precision)`
}

/** Enters names, folded, in the index, or enters them anew. */
export async function enterNames(db: Handle, names: { id: number; folded: string }[]): Promise<void> {
  if (names.length === 0) return
  const worded = names.map(({ id, folded }) => ({ id, words: indexWords(folded).join(' ') }))
  if (kindOf(db) === 'sqlite') {
    const rows = worded.map(({ id, words }) => sql`(${id}, ${words})`)
    await sql`insert or replace into subscriber_search (rowid, words) values ${sql.join(rows)}`.execute(db)
    return
  }
  const rows = worded.map(({ id, words }) => sql`(${id}, array_to_tsvector(string_to_array(${words}, ' ')))`)
  await sql`insert into subscriber_search (subscriber_id, words) values ${sql.join(rows)}
            on conflict (subscriber_id) do update set words = excluded.words`.execute(db)
}

/** Takes names out of the index. */
export async function forgetNames(db: Handle, ids: number[]): Promise<void> {
  if (ids.length === 0) return
  const key = sql.ref(kindOf(db) === 'sqlite' ? 'rowid' : 'subscriber_id')
  await sql`delete from subscriber_search where ${key} in (${sql.join(ids)})`.execute(db)
}

/** The subscribers below an id whose names hold words that begin with all of these, the newest first. */
export async function named(db: Handle, words: string[], below: number, limit: number): Promise<number[]> {
  if (kindOf(db) === 'sqlite') {
    const all = words.map((word) => `"${word}"*`).join(' AND ')
    return ids(
      db,
      sql`select rowid as id from subscriber_search where subscriber_search match ${all} and rowid < ${below}
          order by rowid desc limit ${limit}`,
    )
  }
  const all = sql`(select ${words.map((word) => `'${word}':*`).join(' & ')}::tsquery)`
  // A common word is met among the newest; the index would gather all who have it. A rare one is for the index.
  const near = await ids(
    db,
    sql`select id from (select subscriber_id as id, words from subscriber_search
          where subscriber_id < ${below} and subscriber_id >= ${below - NEAR} offset 0) as newest
        where words @@ ${all} order by id desc limit ${limit}`,
  )
  if (near.length === limit) return near
  return ids(
    db,
    sql`with found as materialized (select subscriber_id as id from subscriber_search where words @@ ${all} and subscriber_id < ${below})
        select id from found order by id desc limit ${limit}`,
  )
}

const NEAR = 20_000 // ids

async function ids(db: Handle, query: RawBuilder<unknown>): Promise<number[]> {
  return (await query.execute(db)).rows.map((row) => (row as { id: number }).id)
}
