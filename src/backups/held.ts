import { instant } from '../../db/instant.ts'
import { type Database, migrate } from '../../db/open.ts'
import type { Config } from '../config.ts'
import * as home from '../home.ts'
import * as leftLog from '../left-log.ts'
import * as subscribers from '../subscribers/index.ts'
import type { Source } from './source.ts'

/**
 * Brings a restored database up to date, stops it from sending, and lets everybody leave who has. Answers how many.
 * `before` is what the database can tell that it takes the place of.
 */
export async function hold(
  database: Database,
  config: Config,
  { manifest, since }: Pick<Source, 'manifest' | 'since'>,
  { now, before }: { now: Temporal.Instant; before: home.LastWord | undefined },
): Promise<number> {
  await migrate(database)
  const leavings = (await leftLog.known(config.data)).filter(leftLog.isLeaving)
  return database.db.transaction().execute(async (db) => {
    await home.hold(db, { at: instant(now), since, backup: manifest.backup, before })
    return subscribers.replay(db, leavings)
  })
}
