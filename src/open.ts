import { pino } from 'pino'
import { migrate, openDatabase, unknownMigrations } from '../db/open.ts'
import type { App, Log } from './app.ts'
import type { Config } from './config.ts'
import { loadKeys } from './keys.ts'
import { Problem } from './problem.ts'

/** Opens the world for one process: database (migrated), keys, log, the real clock. Close it with `app.database.close()`. */
export async function openApp(config: Config): Promise<App> {
  const log = openLog(config.logLevel)
  const keys = loadKeys(config.secretFile) // before the database: what fails here leaves nothing open
  const database = await openMigrated(config)
  const now = () => Temporal.Now.instant()
  return { db: database.db, read: database.read, database, config, keys, now, log }
}

async function openMigrated(config: Config) {
  const name = config.database.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/, '')
  try {
    const database = openDatabase(config.database)
    const unknown = await unknownMigrations(database)
    if (unknown.length > 0) {
      await database.close()
      throw new Problem('database-newer', { name, migration: unknown[0]! })
    }
    await migrate(database)
    return database
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('database-unreachable', { name, reason: reasonOf(error) }, { cause: error })
  }
}

/** The words of an error, also of one that gathers several (a host with two addresses). */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message.split('\n')[0]! : String(error)
}

/** Lines of JSON on standard error; the level comes from NASHRA_LOG. */
function openLog(level: string): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return {
    info: (event, details) => logger.info(details ?? {}, event),
    warn: (event, details) => logger.warn(details ?? {}, event),
    error: (event, details) => logger.error(details ?? {}, event),
  }
}
