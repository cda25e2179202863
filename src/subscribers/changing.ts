import { sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import * as deliveries from '../deliveries/index.ts'
import type { Candidate, Run } from './admitting.ts'
import type { Known } from './known.ts'
import { type Kept, keptOf, keptWith } from './more.ts'

/** A reader whom the file tells more of, and what we knew. */
export type Change = { candidate: Candidate; before: Known }

/** What an import may change of a reader, as it was: what undoing puts back. */
export type Before = Pick<Known, 'name' | 'state' | 'language' | 'format' | 'zone' | 'confirmed_at'> & {
  left_at?: Known['left_at']
  now: Partial<Pick<Known, 'name' | 'state' | 'language' | 'format' | 'zone'>>
  more?: { before: Kept; now: Kept }
}

const ROW = ['whole', 'whole', 'word', 'word', 'word', 'word', 'word', 'whole', 'whole', 'word'] as const

/** Changes what the file says otherwise, and lets those leave who have left elsewhere; what waits for them is not sent. */
export async function change(
  db: Db,
  run: Run,
  changes: Change[],
  departing: { candidate: Candidate; before: Known | undefined }[],
): Promise<void> {
  const leaving = departing.flatMap(({ candidate, before }) => (before?.subscription_id ? [{ candidate, before }] : []))
  if (changes.length + leaving.length === 0) return
  for (const { before } of leaving) await deliveries.skipFor(db, before.subscription_id!)
  const rows = [
    ...changes.map(
      ({ candidate, before }) =>
        [before, { ...asked(candidate, before), left_at: null }, run.at, moreOf(candidate, before)] as const,
    ),
    ...leaving.map(
      ({ candidate, before }) =>
        [before, { ...kept(before), state: 'left', left_at: candidate.at ?? run.at }, null, undefined] as const,
    ),
  ]
  const row = sql`row (id, subscriber_id, name, state, language, format, zone, confirmed_at, left_at, before)`
  const bound = rowsOf(
    kindOf(db),
    ROW,
    rows.map(([before, now, at, more]) => [
      before.subscription_id!,
      before.id!,
      now.name,
      now.state,
      now.language,
      now.format,
      now.zone,
      before.state === 'active' ? before.confirmed_at : at,
      now.left_at,
      JSON.stringify({ ...written(before, now), ...(more && { more }) }),
    ]),
  )
  await sql`
    with ${row} as (${bound})
    insert into import_entry (import_id, kind, row_id, before)
    select cast(${run.id} as bigint), 'subscription', id, before from row where true on conflict do nothing`.execute(db)
  await sql`
    with ${row} as (${bound})
    update subscriber set name = row.name from row
    where subscriber.id = row.subscriber_id and subscriber.name is distinct from row.name`.execute(db)
  await sql`
    with ${row} as (${bound})
    update subscription set state = row.state, language = row.language, format = row.format, zone = row.zone,
      confirmed_at = row.confirmed_at, left_at = row.left_at, left_reason = case when row.left_at is null then null else 'import' end
    from row where subscription.id = row.id and subscription.state <> 'left'`.execute(db)
}

type Now = { name: string | null; state: string; language: string; format: string; zone: string | null }

function kept(before: Known): Now {
  return {
    name: before.name,
    state: before.state!,
    language: before.language!,
    format: before.format!,
    zone: before.zone,
  }
}

function asked(candidate: Candidate, before: Known): Now {
  return {
    name: candidate.name ?? before.name,
    state: 'active',
    language: candidate.language ?? before.language!,
    format: candidate.format ?? before.format!,
    zone: candidate.zone ?? before.zone,
  }
}

function moreOf({ more }: Candidate, before: Known): Before['more'] {
  return more && { before: keptOf(before), now: keptWith(more, before) }
}

function written(before: Known, now: Now): Before {
  return { ...kept(before), confirmed_at: before.confirmed_at, now }
}
