import { type Dialect, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import type { Database, Lock } from './database.ts'
import { plugins } from './database.ts'
import type { Db, Schema } from './schema.ts'

const INT8 = 20
const POLL = 250 // ms between looks at what others have changed

/** A machine that vanished lets go of its locks within 25 s. To compile a statement takes longer than all of ours take. */
const SESSION = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c jit=off'

/** Opens a PostgreSQL database; the connections are made when they are first needed. */
export function openPostgres(url: string): Database {
  const { host, pathname } = new URL(url)
  const types = {
    getTypeParser: ((oid: number, format?: 'text') =>
      oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
  }
  const options = { connectionString: url, types, options: SESSION, keepAlive: true, connectionTimeoutMillis: 10_000 }
  const pool = new pg.Pool({ ...options, max: 12 })
  pool.on('error', () => {}) // an idle connection that broke is replaced by the next query, which reports what fails
  pool.on('connect', (client) => client.on('error', () => {})) // one in use fails its query, too: nobody else need hear of it
  const locks = sessionLocks(() => new pg.Client(options))
  return postgresOver(new PostgresDialect({ pool }), `${host}${pathname}`, locks)
}

/** A Database over any PostgreSQL dialect, with the given way of locking. */
export function postgresOver(dialect: Dialect, name: string, locks: Locks = localLocks()): Database {
  const db: Db = new Kysely<Schema>({ dialect, plugins })
  const watch = pollVersion(db)
  return {
    kind: 'postgres',
    name,
    db,
    read: db,
    version: watch.version,
    hold: locks.hold,
    identity: () => identityOf(db),
    async close() {
      watch.stop()
      await locks.close()
      await db.destroy()
    },
  }
}

/** Its number in its server, and that server's own; a server that does not tell that is taken for any other. */
async function identityOf(db: Db): Promise<string> {
  const { rows } = await sql<{ oid: number }>`
    select oid from pg_database where datname = current_database()`.execute(db)
  const server = await sql<{ id: string }>`select cast(system_identifier as text) as id from pg_control_system()`
    .execute(db)
    .catch((error: { code?: string }) => {
      if (['42501', '42883'].includes(error.code ?? '')) return undefined // not allowed, or not known there
      throw error
    })
  return `${server?.rows[0]?.id ?? ''} ${rows[0]!.oid}`
}

type Locks = { hold(id: string): Promise<Lock | undefined>; close(): Promise<void> }

/** Locks among the users of one process: all there can be where the database lives inside it. */
function localLocks(): Locks {
  const held = new Set<string>()
  return {
    async hold(id) {
      if (held.has(id)) return undefined
      held.add(id)
      return { lost: new AbortController().signal, release: async () => void held.delete(id) }
    },
    close: async () => held.clear(),
  }
}

/** Session advisory locks on a connection of their own; each ends with its session. */
function sessionLocks(open: () => pg.Client): Locks {
  const held = new Map<string, AbortController>()
  let session: Promise<pg.Client> | undefined
  function lose(): void {
    session = undefined
    for (const lock of held.values()) lock.abort()
    held.clear()
  }
  async function connect(): Promise<pg.Client> {
    const client = open()
    client.on('error', lose)
    client.on('end', lose)
    await client.connect()
    return client
  }
  return {
    async hold(id) {
      if (held.has(id)) return undefined // the server would let our own session have it twice
      const lost = new AbortController()
      held.set(id, lost)
      session ??= connect()
      try {
        const client = await session
        const answer = await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as taken', [id])
        if (!answer.rows[0].taken) {
          held.delete(id)
          return undefined
        }
        return {
          lost: lost.signal,
          async release() {
            if (!held.delete(id)) return
            await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [id])
          },
        }
      } catch (error) {
        held.delete(id)
        if (held.size === 0) session = undefined
        throw error
      }
    },
    async close() {
      const client = await session?.catch(() => undefined)
      held.clear()
      session = undefined
      await client?.end()
    },
  }
}

/** Looks at the site's version every 250 ms from the first question on: one row by its key, whatever the traffic. */
function pollVersion(db: Db): { version(): number; stop(): void } {
  let seen = 0
  let timer: NodeJS.Timeout | undefined
  let asking = false
  async function look(): Promise<void> {
    if (asking) return
    asking = true
    try {
      const row = await db.selectFrom('site').select('version').executeTakeFirst()
      if (row) seen = row.version
    } catch {
      // Unreachable for now: the last documents stay good, and whoever writes or composes reports it.
    } finally {
      asking = false
    }
  }
  return {
    version() {
      timer ??= setInterval(() => void look(), POLL).unref()
      return seen
    },
    stop: () => clearInterval(timer),
  }
}
