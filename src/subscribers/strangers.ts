import { sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import { publicIds } from '../ids.ts'
import type { Candidate, Run } from './admitting.ts'
import { wordingOf } from './testimony.ts'

const ROW = ['word', 'word', 'word', 'word', 'word', 'word', 'word'] as const

/**
 * Takes in those of whom nothing was known when they were judged, with the entries and the evidence of it, by one statement.
 * PostgreSQL alone can say that in one, and nothing has to be looked up again there. Answers those who are not in: all of
 * them on SQLite, who say more of their past than that they were in the file, or whom somebody else entered meanwhile.
 */
export async function welcome(db: Db, run: Run, strangers: Candidate[]): Promise<Candidate[]> {
  if (kindOf(db) === 'sqlite') return strangers
  const plain = strangers.filter(({ asked, confirmed }) => !asked && !confirmed)
  if (plain.length === 0) return strangers
  const met = await enter(db, run, plain)
  return strangers.filter(({ asked, confirmed, hash }) => asked || confirmed || met.has(hash))
}

/** Answers the hashes of those who were there after all. */
async function enter(db: Db, { id, list, at, actor }: Run, strangers: Candidate[]): Promise<Set<string>> {
  strangers.sort((a, b) => a.file - b.file || a.line - b.line)
  const ids = publicIds(strangers.length)
  const rows = rowsOf(
    kindOf(db),
    ROW,
    strangers.map(({ hash, address, name, language, format, zone }, n) => [
      ...[hash, ids[n]!, address, name ?? null, language ?? list.language, format ?? 'html', zone ?? null],
    ]),
  )
  const now = sql`cast(${at} as bigint)`
  const on = sql`cast(${list.id} as bigint)`
  const [words, version] = wordingOf('imported', list)
  const met = await sql<{ hash: string }>`
    with row (hash, public_id, address, name, language, format, zone) as materialized (${rows}),
    fresh as (
      insert into subscriber (public_id, address, address_hash, name, created_at)
      select public_id, address, hash, name, ${now} from row where true
      on conflict (address_hash) do nothing returning id, address_hash),
    made as (
      insert into subscription (list_id, subscriber_id, state, sections, format, language, zone, feed_epoch, created_at, confirmed_at)
      select ${on}, fresh.id, 'active', '', format, language, zone, 0, ${now}, ${now}
      from row join fresh on fresh.address_hash = row.hash returning id, subscriber_id),
    noted as (insert into import_entry (import_id, kind, row_id) select cast(${id} as bigint), 'subscription', id from made),
    said as (
      insert into consent (subscription_id, address_hash, list_id, kind, at, form, wording, wording_version, actor)
      select made.id, fresh.address_hash, ${on}, 'imported', ${now}, ${`import ${id}`}, ${words}, ${version}, ${actor}
      from made join fresh on fresh.id = made.subscriber_id)
    select hash from row where not exists (select from fresh where fresh.address_hash = row.hash)`.execute(db)
  return new Set(met.rows.map(({ hash }) => hash))
}
