import type { CompiledQuery, RawBuilder } from 'kysely'
import type { Kind } from './columns.ts'
import { kindOf } from './database.ts'
import type { Db } from './schema.ts'

type Value = number | string | null

/**
 * A statement that is put together once for each kind of database: to do so costs more than to run it. It is written with
 * the names of its values in their place; a call gives the values.
 */
export function standing<Row, Name extends string>(
  write: (kind: Kind) => RawBuilder<Row>,
): (db: Db, values: Record<Name, Value>) => Promise<Row[]> {
  const texts = new Map<Kind, CompiledQuery<Row>>()
  return async (db, values) => {
    const kind = kindOf(db)
    const text = texts.get(kind) ?? write(kind).compile(db)
    texts.set(kind, text)
    const parameters = text.parameters.map((name) => values[name as Name])
    return (await db.executeQuery<Row>({ ...text, parameters })).rows
  }
}
