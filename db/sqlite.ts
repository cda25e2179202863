import { closeSync, fdatasync, mkdirSync, openSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { type DatabaseConnection, Kysely, type SqliteDatabase, SqliteDialect, SqliteDriver } from 'kysely'
import { wasUnhurried } from './bulk.ts'
import type { Database, Lock } from './database.ts'
import { plugins } from './database.ts'
import { fileIdentity } from './file-identity.ts'
import { lendFolding } from './folding.ts'
import type { Db, Schema } from './schema.ts'

const TIMEOUT = 5000 // ms that a single statement may wait for another process's write
const KEPT = 200 // statements of one connection
const PATIENCE = 15_000 // ms that a transaction may wait to begin
const flush = promisify(fdatasync)

type Config = ConstructorParameters<typeof SqliteDriver>[0]

/**
 * Opens (and creates) a SQLite file: one connection that writes, one that only reads.
 *
 * Every connection is told WAL and `synchronous=FULL`: with less, a "submitted" mark could vanish with the power.
 */
export function openSqlite(file: string): Database {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const writer = connect(file, {})
  const reader = connect(file, { readonly: true })
  const version = reader.prepare('pragma data_version').pluck()
  const log = openLog(writer)
  const config = { database: remembering(writer) }
  const db = new Kysely<Schema>({ dialect: new ImmediateDialect(config, openTeller(writer), log), plugins })
  const read = new Kysely<Schema>({ dialect: new SqliteDialect({ database: remembering(reader) }), plugins })
  return {
    kind: 'sqlite',
    name: file,
    db,
    read,
    version: () => version.get() as number,
    hold: async (id) => holdFile(join(dirname(realpathSync(file)), 'senders'), id), // one folder, by whatever name the file is opened
    identity: async () => fileIdentity(file) ?? '',
    async close() {
      await read.destroy()
      reader.close() // one that was never asked anything is still open; the writer, as the last, tidies up the log
      await db.destroy()
      writer.close()
      log.close()
    },
  }
}

/** Reads in a SQLite file that may be damaged, and leaves it and its write-ahead log as they are. */
export async function lookInto<Answer>(file: string, read: (db: Db) => Promise<Answer>): Promise<Answer> {
  const connection = connect(file, { readonly: true })
  try {
    return await read(new Kysely<Schema>({ dialect: new SqliteDialect({ database: connection }), plugins }))
  } finally {
    connection.close()
  }
}

function connect(file: string, options: Sqlite.Options): Sqlite.Database {
  const connection = new Sqlite(file, { timeout: TIMEOUT, ...options })
  if (!options.readonly) connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.pragma('foreign_keys = ON')
  connection.pragma('secure_delete = FAST') // who is erased is not to be found in what the file holds no more
  connection.pragma('trusted_schema = OFF')
  lendFolding(connection)
  return connection
}

/** The write-ahead log as a file: `settled` when all of it is on the disk. */
type Log = { settled(): Promise<void>; close(): void }

/** SQLite is asked where it lies: beside the file itself, by whatever name that was opened. */
function openLog(connection: Sqlite.Database): Log {
  const [main] = connection.pragma('database_list') as { file: string }[]
  const opened = openSync(`${main!.file}-wal`, 'r+')
  let closed = false // the number of a closed file is soon another's
  return {
    settled: () => flush(opened),
    close() {
      if (!closed) closeSync(opened)
      closed = true
    },
  }
}

/**
 * The connection with its statements kept: to prepare one anew costs more than to run it. Not those that select `*`, whose
 * columns another process's migration may change, nor one that is still being read.
 */
function remembering(connection: Sqlite.Database): SqliteDatabase {
  const kept = new Map<string, Sqlite.Statement>()
  return {
    prepare(text) {
      const known = kept.get(text)
      if (known?.busy) return connection.prepare<unknown[]>(text)
      const statement = known ?? connection.prepare<unknown[]>(text)
      kept.delete(text) // to the end of the map: the first one is that unused for longest
      if (!/(select|\.)\s*"?\*/i.test(text)) kept.set(text, statement)
      if (kept.size > KEPT) kept.delete(kept.keys().next().value!)
      return statement
    },
    close: () => void connection.close(),
  }
}

/** An exclusive transaction on a file of its own: the kernel lets go of it the moment the process is gone. */
function holdFile(folder: string, id: string): Lock | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, `${id}.lock`)
  const connection = new Sqlite(file, { timeout: 0 })
  try {
    connection.exec('begin exclusive')
  } catch (error) {
    connection.close()
    if (isBusy(error)) return undefined
    throw error
  }
  return {
    lost: new AbortController().signal,
    async release() {
      rmSync(file, { force: true })
      connection.close()
    },
  }
}

/**
 * Kysely begins deferred; a read followed by a write then fails with SQLITE_BUSY whatever the timeout. And while another
 * process writes, we wait without holding up this one: the file is asked again and again instead of once for long.
 *
 * Nor does the disk hold this process up: in a transaction SQLite is told not to wait for its log to be written
 * (`synchronous=NORMAL`), and we do so in its place, on another thread. It comes to the same as FULL: before the log is on the
 * disk, nobody hears that a transaction succeeded and no other begins. Outside of transactions SQLite waits itself. Who is in
 * no hurry hears so at once, and the disk has until the next but one begins.
 */
class ImmediateDriver extends SqliteDriver {
  readonly #tell: Tell
  readonly #log: Log
  #unsettled: Promise<void>[] = []
  constructor(config: Config, tell: Tell, log: Log) {
    super(config)
    this.#tell = tell
    this.#log = log
  }

  override async beginTransaction(): Promise<void> {
    while (this.#unsettled.length > 1) await this.#unsettled.shift()
    const deadline = performance.now() + PATIENCE
    for (;;) {
      this.#tell('pragma busy_timeout = 0')
      try {
        this.#tell('pragma synchronous = normal')
        this.#tell('begin immediate')
        return
      } catch (error) {
        this.#tell('pragma synchronous = full')
        if (!isBusy(error) || performance.now() > deadline) throw error
      } finally {
        this.#tell(`pragma busy_timeout = ${TIMEOUT}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 10))
    }
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    this.#tell('commit')
    try {
      const settled = this.#log.settled()
      if (!wasUnhurried(connection)) return await settled
      settled.catch(() => {}) // whoever waits for it hears of it
      this.#unsettled.push(settled)
    } finally {
      this.#tell('pragma synchronous = full')
    }
  }

  /** A full disk ends the transaction by itself; what the caller must see is that, not "nothing to roll back". */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection).catch((error) => {
      if (!/no transaction is active/.test(String(error))) throw error
    })
    wasUnhurried(connection)
    this.#tell('pragma synchronous = full')
  }

  override async destroy(): Promise<void> {
    await Promise.allSettled(this.#unsettled)
    await super.destroy()
  }
}

type Tell = (what: string) => void

/** What is said before and after each transaction, without the detour of a query. A pragma is prepared anew each time by SQLite itself. */
function openTeller(connection: Sqlite.Database): Tell {
  const kept = new Map<string, Sqlite.Statement>()
  return (what) => {
    const statement = kept.get(what) ?? connection.prepare<unknown[]>(what)
    kept.set(what, statement)
    if (statement.reader) statement.all()
    else statement.run()
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

class ImmediateDialect extends SqliteDialect {
  readonly #config: Config
  readonly #tell: Tell
  readonly #log: Log
  constructor(config: Config, tell: Tell, log: Log) {
    super(config)
    this.#config = config
    this.#tell = tell
    this.#log = log
  }
  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#config, this.#tell, this.#log)
  }
}

/** Whether nobody else has the file open; its write-ahead log is then in it, unless it is damaged. */
export function aloneWith(file: string): boolean {
  let connection: Sqlite.Database | undefined
  try {
    connection = new Sqlite(file, { timeout: 1000, fileMustExist: true })
    connection.pragma('journal_mode = DELETE')
    return true
  } catch (error) {
    return !isBusy(error)
  } finally {
    connection?.close()
  }
}
