import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import * as retention from '../retention.ts'
import { count } from './verify.ts'

const AT_ONCE = 500 // rows: other writers come in between

/**
 * Forgets who got which letter and what the servers said, where that is older than it is to be kept. The numbers of each
 * edition stay; one whose rows do not add up to them keeps its rows, so that somebody can look.
 */
export async function forgetOld(app: App, signal?: AbortSignal): Promise<void> {
  const before = await retention.limit(app, app.db, 'letters')
  if (before === undefined) return
  for (const edition of await over(app.read, before)) {
    if (edition.forgotten_at === null && !(await close(app, edition))) continue
    while (!signal?.aborted && (await someOf(app.db, edition.id)) > 0) await setImmediate()
  }
  while (!signal?.aborted && (await notices(app.db, before)) > 0) await setImmediate()
}

/** The editions that were done before then, and still have rows. */
async function over(db: Db, before: Instant) {
  return db
    .selectFrom('edition')
    .select(['id', 'public_id', 'forgotten_at'])
    .where('state', '=', 'done')
    .where('done_at', '<', before)
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('delivery').select('edition_id').whereRef('delivery.edition_id', '=', 'edition.id')),
    )
    .orderBy('id')
    .execute()
}

/** Says of an edition that its rows go from now on, as its tally has been held against them a last time. */
async function close(app: App, { id, public_id }: { id: number; public_id: string }): Promise<boolean> {
  if (!(await count(app.read, id)).reconciled) {
    app.log.warn('an edition keeps its deliveries, as they do not add up', { edition: public_id })
    return false
  }
  await app.db
    .updateTable('edition')
    .set({ forgotten_at: instant(app.now()) })
    .where('id', '=', id)
    .execute()
  return true
}

async function someOf(db: Db, editionId: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from delivery where edition_id = ${editionId} and subscriber_id in
      (select subscriber_id from delivery where edition_id = ${editionId} limit ${sql.lit(AT_ONCE)})`.execute(db)
  return Number(numAffectedRows ?? 0)
}

async function notices(db: Db, before: Instant): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from notice where id in (select id from notice where created_at < ${before}
      and state in ('submitted', 'refused', 'skipped') limit ${sql.lit(AT_ONCE)})`.execute(db)
  return Number(numAffectedRows ?? 0)
}
