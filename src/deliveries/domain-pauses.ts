import { domainToASCII } from 'node:url'
import { sql } from 'kysely'
import { waiting } from '../../db/claims.ts'
import { type Instant, instant, later, moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { wordsOf } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { Problem } from '../problem.ts'

/*
 * A domain that refuses us (5.7.x, 4.7.x: for who we are) is not to be asked again at once, and its readers can do nothing
 * for it. Their letters wait an hour; then a few are let go to see, and either the others follow or the domain waits longer.
 */

/** How we know: `smtp`, an answer to a letter; `bounce`, what came back later. */
export type Told = 'smtp' | 'bounce'

/** A domain that refuses us; `until` is when a few letters try again, ISO 8601 in UTC; `reason` is in its own words. */
export type Paused = { domain: string; since: string; until: string; reason: string }

const HOUR = 3_600_000 // ms
const PAUSES = [1, 2, 4, 8, 24].map((hours) => hours * HOUR)
const REMEMBERED = 72 * HOUR // that a domain has refused us before
const RETURNS = HOUR / 6 // that a few letters are given to come back

/** How many letters try whether a domain takes ours again: an answer tells at once, what comes back may be about any of some. */
export const TRIAL: Record<Told, number> = { smtp: 1, bounce: 5 }

/** Pauses a domain, unless it pauses already; for longer each time. Answers whether it was this that paused it. */
export async function pause(app: App, domain: string, words: string, told: Told): Promise<boolean> {
  const now = instant(app.now())
  const reason = wordsOf(words) || 'it refuses us'
  const until = await app.db.transaction().execute(async (db) => {
    const row = await locked(db, domain)
    const isTrial = row.tried_at !== null
    if (row.paused_until !== null && row.paused_until > now && !isTrial) return undefined
    const before = row.paused_at !== null && row.paused_at > later(now, -REMEMBERED) ? row.pauses : 0
    const paused_until = later(now, PAUSES[Math.min(before, PAUSES.length - 1)]!)
    await db
      .updateTable('recipient_domain')
      .set({ reason, told, paused_until, paused_at: now, pauses: before + 1, tried_at: null })
      .where('domain', '=', domain)
      .execute()
    return paused_until
  })
  if (until === undefined) return false
  const known = { domain, reason, until: moment(until).toString() }
  app.log.error('a domain refuses us, not its readers: their letters wait', known)
  return true
}

/** It has taken a letter that was let go to see: the others may follow. */
export async function passed(app: App, domain: string): Promise<void> {
  const done = await app.db
    .updateTable('recipient_domain')
    .set({ reason: null, told: null, paused_until: null, tried_at: null })
    .where('domain', '=', domain)
    .where('tried_at', 'is not', null)
    .where('told', '=', 'smtp')
    .returning('domain')
    .execute()
  if (done.length > 0) app.log.info('a domain takes our letters again', { domain })
}

/** Somebody says that the letters to a domain may go on; the next pause is a short one again. A Problem if it does not pause. */
export async function resumeDomain(app: App, actor: Actor, typed: string): Promise<string> {
  const domain = domainToASCII(typed.trim()).toLowerCase() || typed
  await app.db.transaction().execute(async (db) => {
    const [freed] = await db
      .updateTable('recipient_domain')
      .set({ reason: null, told: null, paused_until: null, tried_at: null, paused_at: null, pauses: 0 })
      .where('domain', '=', domain)
      .where('reason', 'is not', null)
      .returning('domain')
      .execute()
    if (!freed) throw new Problem('domain-not-paused', { domain })
    await record(db, actor, instant(app.now()), [{ verb: 'domain.resume', subject: `domain:${domain}` }])
  })
  return domain
}

/** The domains that pause, or are being tried again, those for longest first. */
export async function pausedDomains(db: Db, now: Instant): Promise<Paused[]> {
  const rows = await db
    .selectFrom('recipient_domain')
    .selectAll()
    .where('reason', 'is not', null)
    .where(({ or, eb }) => or([eb('paused_until', '>', now), eb('parked_at', 'is not', null)]))
    .orderBy('paused_at')
    .orderBy('domain')
    .execute()
  return rows.map(shown)
}

/** The domains that hold back letters of an edition because they refuse us, and how many. */
export async function pausedFor(db: Db, editionId: number): Promise<(Paused & { letters: number })[]> {
  const rows = await db
    .selectFrom('recipient_domain')
    .innerJoin('delivery', 'delivery.domain', 'recipient_domain.domain')
    .selectAll('recipient_domain')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('letters'))
    .where('recipient_domain.reason', 'is not', null)
    .where('delivery.edition_id', '=', editionId)
    .where(waiting('delivery'))
    .groupBy('recipient_domain.domain')
    .orderBy('letters', 'desc')
    .orderBy('recipient_domain.domain')
    .execute()
  return rows.map((row) => ({ ...shown(row), letters: row.letters }))
}

type Row = { domain: string; paused_at: Instant | null; paused_until: Instant | null; reason: string | null }

function shown({ domain, paused_at, paused_until, reason }: Row): Paused {
  const at = (moment_: Instant | null) => (moment_ === null ? '' : moment(moment_).toString())
  return { domain, since: at(paused_at), until: at(paused_until), reason: reason ?? '' }
}

/** The row of a domain, and nobody else writes it until the transaction ends. */
async function locked(db: Db, domain: string) {
  return db
    .insertInto('recipient_domain')
    .values({ domain })
    .onConflict((conflict) => conflict.column('domain').doUpdateSet({ domain }))
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** A trial begins: until it is over nothing else goes. */
export async function tryAgain(db: Db, domain: string, now: Instant): Promise<void> {
  await db
    .updateTable('recipient_domain')
    .set({ tried_at: now, paused_until: later(now, RETURNS) })
    .where('domain', '=', domain)
    .execute()
}

/** Nothing has come back from those that were let go to see. */
export async function trust(db: Db, domain: string): Promise<void> {
  await db
    .updateTable('recipient_domain')
    .set({ reason: null, told: null, paused_until: null, tried_at: null })
    .where('domain', '=', domain)
    .execute()
}

/** Forgets the domains of which there is nothing to remember. */
export async function forget(app: App): Promise<void> {
  const now = instant(app.now())
  await app.db
    .deleteFrom('recipient_domain')
    .where('reason', 'is', null)
    .where('parked_at', 'is', null)
    .where('next_at', '<', (Date.now() - HOUR) as Instant)
    .where(sql<boolean>`coalesce(paused_at, 0) < ${later(now, -REMEMBERED)}`)
    .execute()
}
