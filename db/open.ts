import { Migrator } from 'kysely/migration'
import type { Database } from './database.ts'
import { first } from './migrations/2026-11-first.ts'
import { publishing } from './migrations/2026-11-publishing.ts'
import { sources } from './migrations/2026-11-sources.ts'
import { trustInbound } from './migrations/2026-11-trust-inbound.ts'
import { trustKeep } from './migrations/2026-11-trust-keep.ts'
import { trustReport } from './migrations/2026-11-trust-report.ts'
import { trustSend } from './migrations/2026-11-trust-send.ts'
import { brakes } from './migrations/2026-12-brakes.ts'
import { counted } from './migrations/2026-12-counted.ts'
import { desk } from './migrations/2026-12-desk.ts'
import { domains } from './migrations/2026-12-domains.ts'
import { imports } from './migrations/2026-12-imports.ts'
import { joining } from './migrations/2026-12-joining.ts'
import { mailbox } from './migrations/2026-12-mailbox.ts'
import { moved } from './migrations/2026-12-moved.ts'
import { proof } from './migrations/2026-12-proof.ts'
import { segments } from './migrations/2026-12-segments.ts'
import { slots } from './migrations/2026-12-slots.ts'
import { spelled } from './migrations/2026-12-spelled.ts'
import { stage } from './migrations/2026-12-stage.ts'
import { trailed } from './migrations/2026-12-trailed.ts'
import { wires } from './migrations/2026-12-wires.ts'
import { workerRoles } from './migrations/2026-12-worker-roles.ts'
import { works } from './migrations/2026-12-works.ts'
import { writing } from './migrations/2026-12-writing.ts'
import { years } from './migrations/2026-12-years.ts'
import { yields } from './migrations/2026-12-yields.ts'
import { openPostgres } from './postgres.ts'
import type { Db } from './schema.ts'
import { openSqlite } from './sqlite.ts'

export type { Database, Lock } from './database.ts'

/** In their order, for ever; a migration that has shipped is never edited. */
const MIGRATIONS = {
  '2026-11-first': first,
  '2026-11-publishing': publishing,
  '2026-11-sources': sources,
  '2026-11-trust-inbound': trustInbound,
  '2026-11-trust-keep': trustKeep,
  '2026-11-trust-report': trustReport,
  '2026-11-trust-send': trustSend,
  '2026-12-brakes': brakes,
  '2026-12-counted': counted,
  '2026-12-desk': desk,
  '2026-12-domains': domains,
  '2026-12-imports': imports,
  '2026-12-joining': joining,
  '2026-12-mailbox': mailbox,
  '2026-12-moved': moved,
  '2026-12-proof': proof,
  '2026-12-segments': segments,
  '2026-12-slots': slots,
  '2026-12-spelled': spelled,
  '2026-12-stage': stage,
  '2026-12-trailed': trailed,
  '2026-12-wires': wires,
  '2026-12-worker-roles': workerRoles,
  '2026-12-works': works,
  '2026-12-writing': writing,
  '2026-12-years': years,
  '2026-12-yields': yields,
} as const

/** Opens what NASHRA_DATABASE names: a file path is SQLite, `postgres://…` PostgreSQL. Nothing is migrated yet. */
export function openDatabase(target: string): Database {
  return /^postgres(ql)?:\/\//.test(target) ? openPostgres(target) : openSqlite(target)
}

/** Brings the schema up to date; two processes may do so at once. Answers the names of what it ran. */
export async function migrate(database: Database): Promise<string[]> {
  const migrator = new Migrator({
    db: database.db,
    allowUnorderedMigrations: true, // each stands on older ones only, and lines of work are joined in any order
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

/** The migrations that this database has seen, in their order; none of a new one. */
export async function seenMigrations(db: Db): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return []
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .orderBy('name')
    .execute()
  return rows.map((row) => row.name)
}

/** Those that this program does not know: what has seen them was written by a newer one. */
export function unknown(migrations: string[]): string[] {
  return migrations.filter((name) => !(name in MIGRATIONS))
}

/** Those that are still to be run on a database that has seen these. */
export function pending(migrations: string[]): string[] {
  return Object.keys(MIGRATIONS).filter((name) => !migrations.includes(name))
}
