import { Migrator } from 'kysely/migration'
import type { Database } from './database.ts'
import { first } from './migrations/2026-11-first.ts'
import { publishing } from './migrations/2026-11-publishing.ts'
import { sources } from './migrations/2026-11-sources.ts'
import { trustSend } from './migrations/2026-11-trust-send.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'

export type { Database, Lock } from './database.ts'

/** In their order, for ever; a migration that has shipped is never edited. */
const MIGRATIONS = {
  '2026-11-first': first,
  '2026-11-publishing': publishing,
  '2026-11-sources': sources,
  '2026-11-trust-send': trustSend,
} as const

/** Opens what NASHRA_DATABASE names: a file path is SQLite, `postgres://…` PostgreSQL. Nothing is migrated yet. */
export function openDatabase(target: string): Database {
  return /^postgres(ql)?:\/\//.test(target) ? openPostgres(target) : openSqlite(target)
}

/** Brings the schema up to date; two processes may do so at once. Answers the names of what it ran. */
export async function migrate(database: Database): Promise<string[]> {
  const migrator = new Migrator({
    db: database.db,
    provider: {
      getMigrations: async () =>
        Object.fromEntries(
          Object.entries(MIGRATIONS).map(([name, up]) => [name, { up: (db) => up(db, database.kind) }]),
        ),
    },
  })
  const { error, results } = await migrator.migrateToLatest()
  if (error) throw error
  return (results ?? []).map((result) => result.migrationName)
}

/** The migrations that this database has seen and this program does not know: it was written by a newer one. */
export async function unknownMigrations(database: Database): Promise<string[]> {
  const tables = await database.db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return []
  const rows = await database.db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  return rows.map((row) => row.name).filter((name) => !(name in MIGRATIONS))
}
