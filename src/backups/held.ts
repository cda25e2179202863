import { instant } from '../../db/instant.ts'
import { type Database, migrate } from '../../db/open.ts'
import type { Config } from '../config.ts'
import * as leftLog from '../left-log.ts'
import * as subscribers from '../subscribers/index.ts'
import type { Source } from './source.ts'

/** Brings a restored database up to date, stops it from sending, and lets everybody leave who has. Answers how many. */
export async function hold(
  database: Database,
  config: Config,
  { manifest, since }: Pick<Source, 'manifest' | 'since'>,
  now: Temporal.Instant,
): Promise<number> {
  await migrate(database)
  const leavings = (await leftLog.known(config.data)).filter(leftLog.isLeaving)
  return database.db.transaction().execute(async (db) => {
    await db
      .updateTable('home')
      .set({ held_for: 'restored', held_at: instant(now), since_at: since, backup: manifest.backup })
      .execute()
    return subscribers.replay(db, leavings)
  })
}
