import { sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import type { Candidate, Run } from './admitting.ts'
import { known } from './known.ts'
import { keptWith } from './more.ts'

/** The declared fields of a reader who was known before this import added a subscription: as they were, and as it wrote them. */
export type Entered = { entered: { before: string | null; now: string | null } }

/** Keeps beside what the import added how the fields of these readers stood: undoing puts them back. Before they are written. */
export async function noteFields(db: Db, { id, list }: Run, candidates: Candidate[]): Promise<void> {
  const telling = candidates.filter(({ more }) => more?.fields)
  if (telling.length === 0) return
  const found = await known(db, list, telling)
  const rows = telling.flatMap(({ more }, n) => {
    const before = found.get(n)
    if (!before?.subscription_id) return []
    const now = keptWith(more!, before).fields
    const kept: Entered = { entered: { before: before.fields, now } }
    return now === before.fields ? [] : [[before.subscription_id, JSON.stringify(kept)]]
  })
  if (rows.length === 0) return
  await sql`
    with row (id, before) as (${rowsOf(kindOf(db), ['whole', 'word'], rows)})
    update import_entry set before = row.before from row
    where import_entry.import_id = ${id} and import_entry.kind = 'subscription' and import_entry.row_id = row.id
      and import_entry.before is null`.execute(db)
}

/** What was kept so; undefined for an entry of another kind. */
export function enteredIn(before: string | null): Entered['entered'] | undefined {
  return before === null ? undefined : (JSON.parse(before) as Partial<Entered>).entered
}

/** Puts the fields back where nobody has changed them since. */
export async function putFieldsBack(db: Db, subscriber: number, { before, now }: Entered['entered']): Promise<void> {
  await db
    .updateTable('subscriber')
    .set({ fields: before })
    .where('id', '=', subscriber)
    .where('fields', '=', now)
    .execute()
}
