import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db, SourceItemTable } from '../../db/schema.ts'
import type { Draft } from '../articles/index.ts'

/** An item of a source as we remember it. */
export type Row = Selectable<SourceItemTable>

/** What waits for review; `archive`: it came with the first reading. */
export type Waiting = { draft: Draft; archive: boolean }

/** What waits of an item. */
export function waiting(row: Pick<Row, 'draft'>): Waiting | undefined {
  return row.draft === null ? undefined : (JSON.parse(row.draft) as Waiting)
}

/** The title of what waits; '' where nothing does. */
export function waitingTitle(draft: string | null): string {
  return waiting({ draft })?.draft.title ?? ''
}

/** The rows of these keys. */
export async function rowsOf(db: Db, sourceId: number, keys: string[]): Promise<Map<string, Row>> {
  const rows = await db
    .selectFrom('source_item')
    .selectAll()
    .where('source_id', '=', sourceId)
    .where('key', 'in', keys)
    .execute()
  return new Map(rows.map((row) => [row.key, row]))
}

export async function add(db: Db, rows: Insertable<SourceItemTable>[]): Promise<void> {
  if (rows.length > 0) await db.insertInto('source_item').values(rows).execute()
}

export async function set(
  db: Db,
  row: Pick<Row, 'source_id' | 'key'>,
  values: Updateable<SourceItemTable>,
): Promise<void> {
  await db
    .updateTable('source_item')
    .set(values)
    .where('source_id', '=', row.source_id)
    .where('key', '=', row.key)
    .execute()
}

/** A list in parts, for statements and transactions of bounded size. */
export function* parts<T>(list: T[], size: number): Generator<T[]> {
  for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size)
}
