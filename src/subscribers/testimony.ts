import { sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import type { Instant } from '../../db/instant.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import { say } from '../locale.ts'
import type { Run } from './admitting.ts'
import { version } from './consents.ts'
import { subscriberOf } from './known.ts'

const KINDS = ['asked', 'bounced', 'confirmed', 'imported', 'left'] as const

/** What a file says that somebody did, and when. */
export type Evidence = {
  hash: string
  kind: (typeof KINDS)[number]
  at: Instant
  network?: string
}

/** Keeps what an import says of its readers as evidence, by one statement; `form` names the import. */
export async function testify(db: Db, { id, actor, list }: Run, evidence: Evidence[]): Promise<void> {
  if (evidence.length === 0) return
  const kind = kindOf(db)
  const wordings = KINDS.map((kind) => [kind, ...wordingOf(kind, list)] as const)
  const rows = evidence.map((one) => [one.hash, one.kind, one.at, one.network ?? null] as const)
  await sql`
    with row (hash, kind, at, network) as (${rowsOf(kind, ['word', 'word', 'whole', 'word'], rows)}),
    wording (kind, words, version) as (${rowsOf(kind, ['word', 'word', 'word'], wordings)})
    insert into consent (subscription_id, address_hash, list_id, kind, at, network, form, wording, wording_version, actor)
    select (select id from subscription where list_id = ${list.id} and subscriber_id = ${subscriberOf('row.hash')}), row.hash,
      cast(${list.id} as bigint), row.kind, row.at, row.network, ${`import ${id}`}, wording.words, wording.version, ${actor}
    from row cross join wording where wording.kind = row.kind`.execute(db)
}

/** The words for what an import says of a reader of this list, and their version. */
export function wordingOf(kind: Evidence['kind'], list: Run['list']): [words: string, version: string] {
  const key = kind === 'imported' ? 'subscribers.imported' : (`subscribers.imported-${kind}` as const)
  const words = say(list.language, key, { list: list.title })
  return [words, version(words)]
}
