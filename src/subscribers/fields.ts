import type { Selectable } from 'kysely'
import { instant } from '../../db/instant.ts'
import type { Db, FieldTable } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { Problem } from '../problem.ts'
import { oneLine } from '../text.ts'

/** What else may be kept of a reader, by a name that was declared. */
export type Field = Selectable<FieldTable>

export type FieldDraft = { name: string; title?: string; kind?: string }

const KINDS = ['text', 'number', 'date'] as const
const LONGEST = 500 // letters of a value

/** Declares a field: `name` as files and rules write it, `title` as people read it. */
export async function addField(app: App, actor: Actor, draft: FieldDraft): Promise<Field> {
  const { kind = 'text' } = draft
  const name = draft.name.trim()
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(name)) throw new Problem('bad-field-name', { value: name })
  if (!KINDS.includes(kind as (typeof KINDS)[number])) throw new Problem('bad-field-kind', { value: kind })
  const values = { name, kind, title: oneLine(draft.title ?? '').slice(0, 200) || name, created_at: instant(app.now()) }
  return app.db.transaction().execute(async (db) => {
    const field = await db
      .insertInto('field')
      .values(values)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!field) throw new Problem('slug-taken', { value: name })
    await record(db, actor, values.created_at, [{ verb: 'field.add', subject: `field:${name}`, after: values }])
    return field
  })
}

/** All fields that were declared. */
export async function fields(db: Db): Promise<Field[]> {
  return db.selectFrom('field').selectAll().orderBy('id').execute()
}

/**
 * Cells as `subscriber.fields` keeps them (JSON; null if there is nothing), over what it held before. An empty cell takes its
 * value away, an undefined one leaves it. The name of a field whose cell it cannot be where a value does not fit its kind.
 */
export function fieldsWith(
  declared: Field[],
  before: string | null,
  cells: Record<string, string | undefined>,
): { fields: string | null } | { unfit: string } {
  const values = new Map<string, string | number>(Object.entries(before === null ? {} : JSON.parse(before)))
  for (const { name, kind } of declared) {
    const cell = cells[name]
    if (cell === undefined) continue
    const value = kept(kind, oneLine(cell))
    if (value === undefined) return { unfit: name }
    if (value === '') values.delete(name)
    else values.set(name, value)
  }
  return { fields: values.size === 0 ? null : JSON.stringify(Object.fromEntries(values)) }
}

/** A cell as its kind is kept; undefined where it does not fit. */
function kept(kind: string, cell: string): string | number | undefined {
  if (cell === '' || kind === 'text') return cell.length > LONGEST ? undefined : cell
  if (kind === 'number')
    return /^[+-]?\d{1,15}(\.\d{1,10})?$/.test(cell.replace(',', '.')) ? Number(cell.replace(',', '.')) : undefined
  try {
    return Temporal.PlainDate.from(cell).toString()
  } catch {
    return undefined
  }
}
