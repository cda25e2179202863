import { randomBytes, randomUUID } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGliteDialect } from 'kysely'
import pg from 'pg'
import { inject } from 'vitest'
import { type Database, migrate, openDatabase } from '../db/open.ts'
import { postgresOver } from '../db/postgres.ts'
import type { App } from '../src/app.ts'
import { type Config, readConfig } from '../src/config.ts'
import { makeRing, readRing } from '../src/keys.ts'

export type Kind = 'sqlite' | 'postgres' | 'pglite'

/** What the suites run on: SQLite, and a real PostgreSQL (PGlite, in this process, where the machine has none). */
export const databases: Kind[] = ['sqlite', inject('postgres') ? 'postgres' : 'pglite']

/** A whole product over a fresh database, with a clock that stands where it is set and a log that is kept. */
export type World = App & {
  readonly clock: { set(instant: string): void; advance(duration: Temporal.DurationLike): void }
  readonly logs: { level: string; event: string; details?: Record<string, unknown> }[]
  /** Another App over the same database, as a second process would have it. */
  again(): Promise<World>
  [Symbol.asyncDispose](): Promise<void>
}

export async function openWorld(
  kind: Kind,
  now: string,
  environment: Record<string, string> = {},
  empty?: 'empty',
): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'nashra-test-'))
  const home = await place(kind, folder, empty === undefined)
  const env = {
    NASHRA_DATA: folder,
    NASHRA_FROM: 'نشرة <paper@news.example>',
    NASHRA_URL: 'https://news.example',
    ...environment,
  }
  const config = readConfig({ ...env, ...(kind === 'pglite' ? {} : { NASHRA_DATABASE: home.target }) })
  const world = build(
    home.open(),
    config,
    now,
    async () => {
      await home.remove()
      rmSync(folder, { recursive: true, force: true })
    },
    home.open,
  )
  if (!empty) await begin(world)
  return world
}

type Home = { target: string; open(): Database; remove(): Promise<void> }

/** Migrated once for all worlds of this process, and then copied: a file, or a database. */
const models = new Map<Kind, Promise<string>>()

function model(kind: 'sqlite' | 'postgres'): Promise<string> {
  const known = models.get(kind) ?? makeModel(kind)
  models.set(kind, known)
  return known
}

async function makeModel(kind: 'sqlite' | 'postgres'): Promise<string> {
  const name = `nashra_model_${randomBytes(6).toString('hex')}`
  const server = kind === 'postgres' ? inject('postgres') : ''
  const target = server
    ? server.replace(/\/postgres$/, `/${name}`)
    : join(mkdtempSync(join(tmpdir(), 'nashra-test-')), 'nashra.db')
  if (server) await administer(server, `create database ${name}`)
  const database = openDatabase(target)
  await migrate(database)
  await database.close()
  return server ? name : target
}

/** What is drawn by lot when a database is first migrated differs between two worlds. */
async function begin({ database, db }: World): Promise<void> {
  await migrate(database)
  await db
    .updateTable('home')
    .set({ instance: randomBytes(8).toString('hex') })
    .execute()
  await db
    .updateTable('channel')
    .set({ feed_id: `urn:uuid:${randomUUID()}` })
    .execute()
}

async function place(kind: Kind, folder: string, migrated: boolean): Promise<Home> {
  if (kind === 'sqlite') {
    const target = join(folder, 'nashra.db')
    if (migrated) copyFileSync(await model(kind), target)
    return { target, open: () => openDatabase(target), remove: async () => {} }
  }
  if (kind === 'pglite') {
    const { PGlite } = await import('@electric-sql/pglite')
    const { types } = await import('@electric-sql/pglite')
    const pglite = await PGlite.create({ parsers: { [types.INT8]: Number } })
    return { target: '', open: () => postgresOver(new PGliteDialect({ pglite }), 'pglite'), remove: async () => {} }
  }
  const server = inject('postgres')
  const name = `nashra_${randomBytes(6).toString('hex')}`
  const target = server.replace(/\/postgres$/, `/${name}`)
  await administer(server, `create database ${name}${migrated ? ` template ${await model(kind)}` : ''}`)
  return {
    target,
    open: () => openDatabase(target),
    remove: () => administer(server, `drop database ${name} with (force)`),
  }
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new pg.Client(server)
  await client.connect()
  await client.query(statement)
  await client.end()
}

function build(
  database: Database,
  config: Config,
  start: string,
  remove: () => Promise<void>,
  open: () => Database,
): World {
  let now = Temporal.Instant.from(start)
  const logs: World['logs'] = []
  const note = (level: string) => (event: string, details?: Record<string, unknown>) =>
    void logs.push({ level, event, ...(details && { details }) })
  return {
    database,
    db: database.db,
    read: database.read,
    config,
    keys: readRing(config.secretFile) ?? makeRing(config.secretFile),
    now: () => now,
    log: { info: note('info'), warn: note('warn'), error: note('error') },
    logs,
    clock: {
      set: (instant) => {
        now = Temporal.Instant.from(instant)
      },
      advance: (duration) => {
        now = now.add(duration)
      },
    },
    again: async () => build(open(), config, now.toString(), async () => {}, open),
    async [Symbol.asyncDispose]() {
      await database.close()
      await remove()
    },
  }
}
