import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import * as editions from '../editions.ts'
import * as report from './report.ts'
import * as tally from './tally.ts'

/*
 * A reader who calls a letter spam is believed by every inbox. Where more than a few in a thousand do, what is left of the
 * edition does more harm than good: it waits until somebody has looked.
 */
const WARN = 0.001 // of the letters submitted
const TOO_MANY = 0.003
const LEAST = 3 // complaints: fewer are no share of anything
const LATELY = 7 * 86_400_000 // ms that health speaks of it

/** An edition that too many complain of; `held` while what is left of it waits for somebody's word. */
export type Complained = { digest: string; day: string; complaints: number; held: boolean }

/** A complaint of an edition has been recorded, in the caller's transaction: holds the edition and tells the newsroom when it is one too many. */
export async function complained(app: App, db: Db, editionId: number): Promise<void> {
  const complaints = await report.complaints(db, editionId)
  const submitted = (await tally.of(db, editionId)).get('submitted') ?? 0
  if (complaints < LEAST || complaints <= submitted * WARN) return
  const { public_id } = await db
    .selectFrom('edition')
    .select('public_id')
    .where('id', '=', editionId)
    .executeTakeFirstOrThrow()
  const told = { edition: public_id, complaints, submitted }
  if (complaints <= submitted * TOO_MANY) return app.log.warn('readers complain of an edition', told)
  const now = instant(app.now())
  const done = await editions.complain(db, editionId, now)
  if (!done) return
  await report.ask(db, editionId, now)
  if (done.held) app.log.error('an edition is held: too many readers call it spam', told)
  else app.log.error('too many readers call an edition spam', told)
}

/** The editions of late that too many complain of, and all that are held for it. */
export async function complainedOf(db: Db, now: Instant): Promise<Complained[]> {
  const rows = await db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['edition.id', 'edition.day', 'edition.state', 'edition.reason', 'digest.slug'])
    .where('complained_at', 'is not', null)
    .where(({ or, eb }) => or([eb('complained_at', '>', later(now, -LATELY)), eb('edition.state', '=', 'held')]))
    .orderBy('complained_at', 'desc')
    .limit(20)
    .execute()
  return Promise.all(
    rows.map(async ({ id, day, state, reason, slug }) => {
      const held = state === 'held' && reason === editions.COMPLAINTS
      return { digest: slug, day, complaints: await report.complaints(db, id), held }
    }),
  )
}
