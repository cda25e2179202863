import { type RawBuilder, sql } from 'kysely'
import type { Kind } from './columns.ts'

type Cell = number | string | null
type Type = 'whole' | 'word'

/** What JSON writes for NUL and for half a letter: hardly any row has one, so that all are looked through at once. */
const ODD = /\\u(0000|d[89a-f])/i

/**
 * Rows for a `with name (columns) as (…)`, bound as one value: however many there are, the statement is the same, and has
 * been prepared before.
 */
export function rowsOf(kind: Kind, types: readonly Type[], rows: readonly (readonly Cell[])[]): RawBuilder<unknown> {
  return rowsIn(kind, types, packed(rows))
}

/** The same of rows that are packed already, or by the name that a standing statement has for them. */
export function rowsIn(kind: Kind, types: readonly Type[], value: string): RawBuilder<unknown> {
  const columns = sql.raw(types.map((type, at) => column(kind, type, at)).join(', '))
  return kind === 'sqlite'
    ? sql`select ${columns} from json_each(${value})`
    : sql`select ${columns} from jsonb_array_elements(cast(${value} as jsonb)) as json (value)`
}

/** Rows as the one value that they are bound as. */
export function packed(rows: readonly (readonly Cell[])[]): string {
  const plain = JSON.stringify(rows)
  return ODD.test(plain) ? JSON.stringify(rows.map((row) => row.map(written))) : plain
}

/** A column in a condition for which SQLite is not to look for an index: what it prepares for that costs more than the row. */
export function plain(kind: Kind, name: string): RawBuilder<unknown> {
  return kind === 'sqlite' ? sql`+${sql.ref(name)}` : sql.ref(name)
}

function column(kind: Kind, type: Type, at: number): string {
  if (kind === 'sqlite') return `json_extract(value, '$[${at}]')`
  return `cast(value ->> ${at} as ${type === 'whole' ? 'bigint' : 'text'})`
}

/** JSON can say what no text of PostgreSQL can hold. */
function written(cell: Cell): Cell {
  return typeof cell === 'string' ? cell.toWellFormed().replaceAll('\0', '') : cell
}
