import { sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import type { Instant } from '../../db/instant.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import { type Known, known } from './known.ts'
import type { List } from './lists.ts'

/**
 * What few files say of a reader, and only those pay for it: declared fields by name, the minute of the day, the weekdays
 * (null is every day), the end of a pause, and sections as `subscription.sections` has them.
 */
export type More = {
  fields?: Record<string, string | number>
  minute?: number
  weekdays?: number | null
  paused_until?: Instant
  sections?: string
}

/** Its columns as they are stored. */
export type Kept = Pick<Known, 'fields' | 'minute' | 'weekdays' | 'paused_until' | 'sections'>

/** Those columns with what a file says laid over what we knew. */
export function keptWith({ fields, ...more }: More, before: Kept): Kept {
  return { ...keptOf(before), ...more, ...(fields && { fields: laidOver(before.fields, fields) }) }
}

/** Only those columns of what we know. */
export function keptOf({ fields, minute, weekdays, paused_until, sections }: Kept): Kept {
  return { fields, minute, weekdays, paused_until, sections }
}

/** Whether a file says more than we knew. */
export function saysMore(more: More, before: Kept): boolean {
  const after = keptWith(more, before)
  return (Object.keys(more) as (keyof Kept)[]).some((key) => after[key] !== before[key])
}

const ROW = ['whole', 'whole', 'word', 'whole', 'whole', 'whole', 'word'] as const

/** Writes it for those who were just admitted, in the same transaction. */
export async function writeMore(db: Db, list: List, candidates: { hash: string; more?: More }[]): Promise<void> {
  const telling = candidates.filter(({ more }) => more)
  if (telling.length === 0) return
  const found = await known(db, list, telling)
  const rows = telling.flatMap(({ more }, n) => {
    const before = found.get(n)
    if (!before?.subscription_id) return []
    const { fields, minute, weekdays, paused_until, sections } = keptWith(more!, before)
    return [[before.subscription_id, before.id, fields, minute, weekdays, paused_until, sections ?? '']]
  })
  const bound = rowsOf(kindOf(db), ROW, rows)
  const row = sql`row (id, subscriber_id, fields, minute, weekdays, paused_until, sections)`
  if (telling.some(({ more }) => more!.fields))
    await sql`
      with ${row} as (${bound})
      update subscriber set fields = row.fields from row
      where subscriber.id = row.subscriber_id and subscriber.fields is distinct from row.fields`.execute(db)
  await sql`
    with ${row} as (${bound})
    update subscription set minute = row.minute, weekdays = row.weekdays, paused_until = row.paused_until, sections = row.sections
    from row where subscription.id = row.id`.execute(db)
}

function laidOver(before: string | null, fields: Record<string, string | number>): string {
  const held: Record<string, string | number> = before === null ? {} : JSON.parse(before)
  return JSON.stringify(Object.fromEntries([...Object.entries(held), ...Object.entries(fields)]))
}
