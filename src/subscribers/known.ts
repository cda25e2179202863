import { type RawBuilder, sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import type { Instant } from '../../db/instant.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import type { List } from './lists.ts'

/** What we know of an address, and of its subscription to one list if there is one. */
export type Known = {
  id: number | null
  name: string | null
  erased_at: Instant | null
  subscription_id: number | null
  state: string | null
  language: string | null
  format: string | null
  zone: string | null
  confirmed_at: Instant | null
  left_at: Instant | null
  left_reason: string | null
  fields: string | null
  minute: number | null
  weekdays: number | null
  paused_until: Instant | null
  sections: string | null
  suppressed: number | null
  barred_for: string | null
}

/** What we know of these addresses, by their place in the list; most of a new file are unknown and cost no row. */
export async function known(db: Db, list: List, people: { hash: string }[]): Promise<Map<number, Known>> {
  const rows = rowsOf(
    kindOf(db),
    ['whole', 'word'],
    people.map(({ hash }, n) => [n, hash]),
  )
  const found = await sql<Known & { n: number }>`
    with row (n, hash) as (${rows})
    select n, subscriber.id, name, erased_at, subscription.id as subscription_id, state, language, format, zone, confirmed_at, left_at,
      left_reason, fields, minute, weekdays, paused_until, sections, suppression.id as suppressed, suppression.reason as barred_for
    from row
    left join subscriber on subscriber.address_hash = row.hash
    left join subscription on subscription.subscriber_id = subscriber.id and subscription.list_id = ${list.id}
    left join suppression on suppression.address_hash = row.hash
    where subscriber.id is not null or suppression.id is not null`.execute(db)
  return new Map(found.rows.map(({ n, ...row }) => [Number(n), row]))
}

/** Those who said yes themselves after they had left wherever the file comes from; without a date there, nobody did. */
export async function saidYesSince(db: Db, list: List, people: { hash: string; at?: Instant }[]): Promise<Set<string>> {
  const dated = people.filter(({ at }) => at !== undefined)
  const yes = await lastYes(db, list.id, dated.map(({ hash }) => hash)) // biome-ignore format: one line
  return new Set(dated.filter(({ hash, at }) => (yes.get(hash) ?? 0) > at!).map(({ hash }) => hash))
}

/** When these last said yes to a list themselves, if they ever did. */
export async function lastYes(db: Db, list: number, hashes: string[]): Promise<Map<string, Instant>> {
  if (hashes.length === 0) return new Map()
  const rows = await db
    .selectFrom('consent')
    .select(['address_hash'])
    .select(({ fn }) => fn.max('at').as('at'))
    .where('list_id', '=', list)
    .where('kind', 'in', ['confirmed', 'joined']) // by a letter, or at once where the list asks for none
    .where('actor', '=', 'reader')
    .where('address_hash', 'in', hashes)
    .groupBy('address_hash')
    .execute()
  return new Map(rows.map(({ address_hash, at }) => [address_hash, at]))
}

/**
 * The subscriber of the hash in a column. A query of its own and not a join: whatever the planner believes of tables that grow
 * by the thousand, it can only look in the index, once for each row.
 */
export function subscriberOf(column: 'row.hash'): RawBuilder<number> {
  return sql<number>`(select id from subscriber where address_hash = ${sql.ref(column)})`
}
