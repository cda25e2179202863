import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { maskedIn } from '../address.ts'

/** The reason of one whose owner asked to be forgotten: nobody may write there, and its owner alone may come back. */
export const ERASED = 'erased'

/** What bounces and refusals say, which may have been a broken relay's word. A reader's own no is none of these. */
const MENDABLE = /^(bounced\b|mailbox full$)/

/** What a file says, which is taken back with its import. */
const IMPORTED = /^import( \(|$)/

/** Whether a reason is one that may be lifted without a word of the reader's. */
export function isMendable(reason: string): boolean {
  return MENDABLE.test(reason)
}

/** Whether a reason outlasts another: what a bounce or a file says is lifted in bulk, and must not take a no with it. */
export function outlasts(reason: string, other: string): boolean {
  return gravity(reason) > gravity(other)
}

/** Whether a reason may go again without a word of the reader's: what a bounce said, or a file. */
export function mayGo(reason: string): boolean {
  return gravity(reason) === 0
}

function gravity(reason: string): number {
  if (MENDABLE.test(reason) || IMPORTED.test(reason)) return 0
  return reason === ERASED ? 1 : 2 // its owner may come back from the one and not from the other
}

/** Why nobody may write to an address, and what its row becomes. */
export type Bar = { address_hash: string; address: string | null; reason: string; actor: string; created_at: Instant }

/** The row that bars an address now; `before` is the reason that a graver one replaced, `changed` whether this bar is the one. */
export type Barred = { id: number; reason: string; before?: string; changed: boolean }

/** Bars an address. The graver reason stays, and of two alike the first. In the caller's transaction. */
export async function bar(db: Db, row: Bar): Promise<Barred> {
  const { address_hash, reason, actor, created_at } = row
  const fresh = await db
    .insertInto('suppression')
    .values(row)
    .onConflict((conflict) => conflict.column('address_hash').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (fresh) return { id: fresh.id, reason, changed: true }
  const first = await db
    .selectFrom('suppression')
    .select(['id', 'reason'])
    .where('address_hash', '=', address_hash)
    .executeTakeFirst()
  if (!first) return bar(db, row) // lifted at this moment
  if (!outlasts(reason, first.reason)) return { ...first, changed: false }
  const raised = await db
    .updateTable('suppression')
    .set({ reason, actor, created_at })
    .where('id', '=', first.id)
    .where('reason', '=', first.reason)
    .executeTakeFirstOrThrow()
  if (raised.numUpdatedRows === 0n) return bar(db, row) // lifted or raised at this moment
  await forgetEntries(db, 'suppression', [first.id])
  return { id: first.id, reason, before: first.reason, changed: true }
}

/** No import has a say in these rows any more: undoing one leaves them as they are. */
export async function forgetEntries(db: Db, kind: 'suppression' | 'subscription', ids: number[]): Promise<void> {
  if (ids.length === 0) return
  await db
    .deleteFrom('import_entry')
    .where('import_id', 'in', (one) => one.selectFrom('import').select('id')) // the key begins with it
    .where('kind', '=', kind)
    .where('row_id', 'in', ids)
    .execute()
}

/** Masks addresses in why a row bars, also where the trail tells it. */
export async function maskReason(db: Db, { id, reason }: { id: number; reason: string }): Promise<void> {
  if (reason.includes('@'))
    await db
      .updateTable('suppression')
      .set({ reason: maskedIn(reason) })
      .where('id', '=', id)
      .execute()
  const trail = await db
    .selectFrom('change')
    .select(['id', 'before', 'after'])
    .where('subject', '=', `suppression:${id}`)
    .where(({ or, eb }) => or([eb('before', 'like', '%@%'), eb('after', 'like', '%@%')]))
    .execute()
  for (const { id, before, after } of trail)
    await db
      .updateTable('change')
      .set({ before: maskedJson(before), after: maskedJson(after) })
      .where('id', '=', id)
      .execute()
}

function maskedJson(text: string | null): string | null {
  if (text === null) return null
  return JSON.stringify(JSON.parse(text), (_, value) => (typeof value === 'string' ? maskedIn(value) : value))
}
