import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Source } from './source.ts'

export { type Added, add } from './adding.ts'
export { find, hasten, pause, resume, set, undo } from './changing.ts'
export { type ItemShown, itemsOf, type Listing, listedPage } from './listing.ts'
export { poll, pollDue } from './round.ts'
export { failing, listed, shown, stateOf } from './showing.ts'
export type { Polled, Report, Settings, Source } from './source.ts'
export { type Trial, tryRead } from './trying.ts'

/** All of them, in the order they were added. */
export async function all(db: Db): Promise<Source[]> {
  return db.selectFrom('source').selectAll().where('id', '>', 0).orderBy('id').execute()
}

/** Whether there is a source at all. */
export async function areAny(db: Db): Promise<boolean> {
  return (await db.selectFrom('source').select('id').where('id', '>', 0).limit(1).executeTakeFirst()) !== undefined
}

/** How many are due. */
export async function countDue(db: Db, now: Instant): Promise<number> {
  const row = await db
    .selectFrom('source')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .where('due_at', '<=', now)
    .executeTakeFirstOrThrow()
  return row.n
}
