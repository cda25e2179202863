import { dirname } from 'node:path'
import { pino } from 'pino'
import { migrate, openDatabase, pending, seenMigrations, unknown } from '../db/open.ts'
import { maskedIn } from './address.ts'
import type { App, Log } from './app.ts'
import type { Config } from './config.ts'
import { makeFolder } from './keys.ts'
import { Problem } from './problem.ts'
import * as relaySettings from './relay-settings.ts'
import * as ring from './ring.ts'

/**
 * Opens the world for one process: database (migrated), keys, log, the real clock. Close it with `app.database.close()`.
 * `newKeys`: the key ring is lost for good, and a new one takes its place.
 */
export async function openApp(config: Config, { newKeys = false } = {}): Promise<App> {
  const log = openLog(config.logLevel)
  const now = () => Temporal.Now.instant()
  makeFolder(dirname(config.secretFile)) // before the database: what fails here leaves nothing open
  const name = config.database.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/, '')
  try {
    const database = openDatabase(config.database)
    try {
      const seen = await seenMigrations(database.db)
      const [newer] = unknown(seen)
      if (newer) throw new Problem('database-newer', { name, migration: newer })
      const keys = await ring.open(database.db, config.secretFile, { anew: newKeys })
      await bringUpToDate({ config, database, log, now }, seen)
      await ring.know(database.db, keys, config.secretFile, { anew: newKeys })
      const app = { db: database.db, read: database.read, database, config, keys, now, log }
      await relaySettings.look(app)
      return app
    } catch (error) {
      await database.close()
      throw error
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('database-unreachable', { name, reason: reasonOf(error) }, { cause: error })
  }
}

async function bringUpToDate(app: Pick<App, 'config' | 'database' | 'log' | 'now'>, seen: string[]): Promise<void> {
  const [next] = pending(seen)
  if (seen.length > 0 && next) {
    const { beforeMigration } = await import('./backups/standing.ts') // only then
    await beforeMigration(app, next)
  }
  await migrate(app.database)
}

/** The words of an error, also of one that gathers several (a host with two addresses). */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}

/** An error without what it may tell of people: PostgreSQL names the values of a row that it refuses. */
function impersonal(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? maskedIn(error) : error
  const { type, message, stack, code } = pino.stdSerializers.err(error) as unknown as Record<string, string>
  return { type, message: maskedIn(message ?? ''), stack: maskedIn(stack ?? ''), ...(code && { code }) }
}

/** Lines of JSON on standard error; the level comes from NASHRA_LOG. */
function openLog(level: string): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: impersonal },
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return {
    info: (event, details) => logger.info(details ?? {}, event),
    warn: (event, details) => logger.warn(details ?? {}, event),
    error: (event, details) => logger.error(details ?? {}, event),
  }
}
