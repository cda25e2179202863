import { type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, sql } from 'kysely'

export type Kind = 'sqlite' | 'postgres'

type Table = CreateTableBuilder<string, string>
type Define = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder

/** The words that both databases have for a column: every migration is written in these. */
export type Columns = ReturnType<typeof columns>

/** How each database spells an id, a number, an instant and a text. */
export function columns(kind: Kind) {
  const whole = kind === 'sqlite' ? ('integer' as const) : ('bigint' as const)
  const required: Define = (column) => column.notNull()
  return {
    /** `create table`; STRICT on SQLite, so that a text in a number's column is refused there as it is on PostgreSQL. */
    table(db: Kysely<unknown>, name: string): Table {
      const table = db.schema.createTable(name)
      return (kind === 'sqlite' ? table.modifyEnd(sql`strict`) : table) as Table
    },
    /** An inner id, never given twice: tokens and Message-IDs outlive their row. */
    id: (table: Table): Table =>
      kind === 'sqlite'
        ? table.addColumn('id', 'integer', (column) => column.notNull().primaryKey().autoIncrement())
        : table.addColumn('id', 'bigint', (column) => column.generatedByDefaultAsIdentity().primaryKey()),
    number:
      (name: string, more: Define = required) =>
      (table: Table): Table =>
        table.addColumn(name, whole, more),
    text:
      (name: string, more: Define = required) =>
      (table: Table): Table =>
        table.addColumn(name, 'text', more),
    reference:
      (name: string, target: string, more: Define = required) =>
      (table: Table): Table =>
        table.addColumn(name, whole, (column) => more(column.references(target))),
  }
}

/** For a column that may hold nothing. */
export const optional: Define = (column) => column
