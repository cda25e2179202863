import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
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
  const home = await place(kind, folder)
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
  if (!empty) await migrate(world.database)
  return world
}

type Home = { target: string; open(): Database; remove(): Promise<void> }

async function place(kind: Kind, folder: string): Promise<Home> {
  if (kind === 'sqlite') {
    const target = join(folder, 'nashra.db')
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
  await administer(server, `create database ${name}`)
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
