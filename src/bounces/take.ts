import { sql } from 'kysely'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as deliveries from '../deliveries/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { known, remember } from './arrivals.ts'
import type { About } from './envelope.ts'
import { refusalIn } from './refusal.ts'
import type { Finding } from './status.ts'

/** A bounce or complaint about one reader. `via`: mail, or the provider; `key` names it, so that it counts once. */
export type Report = About & Finding & { via: string; key: string }

/** Whom it is about, as far as it matters here. */
type Reader = { id: number; address: string }

const DAY = 86_400_000 // ms
const SOFT = { most: 3, within: 30 * DAY } // failures of other kinds, each of another letter
const FULL = { most: 5, within: 60 * DAY } // editions that found the mailbox full
const DOUBTFUL = { most: 3, within: DAY / 24 } // readers of one domain whose letters its rules, whatever they are, keep out
const ACTOR = 'bounce'
const NOBODY = 0 // no subscriber has this id: whom a report of an edition goes to

/**
 * Takes in a bounce: what follows from it, then the record, which makes it count once. Whoever dies in between repeats what
 * follows, and that changes nothing. False when it was known, or nobody is known whom it is about.
 */
export async function take(app: App, report: Report): Promise<boolean> {
  if (await known(app.db, report.key)) return false
  if (report.subscriber_id === NOBODY) app.log.warn('a report to the newsroom came back', { status: report.status })
  const reader = await readerOf(app, report.subscriber_id)
  if (!reader) return false
  const edition_id = await editionOf(app, report)
  const finding = await asWeighed(app, { ...asOurs(report, reader), edition_id })
  await consequences(app, finding, reader)
  return keep(app, finding, reader)
}

/** An address that ours leads to (a group's member, a forwarding) may be gone while ours is not: that is not for ever. */
function asOurs(report: Report, reader: Reader): Report {
  const other = report.address !== undefined && report.address.toLowerCase() !== reader.address.toLowerCase()
  return report.kind === 'hard' && other ? { ...report, kind: 'soft' } : report
}

/** Where a good part of an edition comes back, the relay or a whole network is at fault: nobody is gone for ever by that alone. */
async function asWeighed(app: App, report: Report): Promise<Report> {
  const { kind, edition_id } = report
  const wrong = kind === 'hard' && edition_id !== null && (await deliveries.mostlyRefused(app.read, edition_id))
  return wrong ? { ...report, kind: 'soft' } : report
}

async function consequences(app: App, report: Report, reader: Reader): Promise<void> {
  const suppress = (reason: string) => subscribers.suppress(app, ACTOR, reader.address, reason)
  switch (report.kind) {
    case 'hard':
      await suppress(report.status ? `bounced ${report.status}` : 'bounced')
      return
    case 'soft':
      if ((await letters(app, report, SOFT.within)) >= SOFT.most) await suppress(`bounced ${SOFT.most} times`)
      return
    case 'full':
      if ((await letters(app, report, FULL.within)) >= FULL.most) await suppress('mailbox full')
      return
    case 'policy':
      app.log.warn('an inbox refuses us, not the reader', { domain: domainOf(reader), status: report.status })
      await refuseUs(app, report, domainOf(reader))
      return
    case 'complaint':
      await leave(app, reader, undefined, 'complaint')
      await suppress('complaint')
      return
    case 'leaving':
      await leave(app, reader, report.edition_id ?? undefined, 'provider')
      return
    case 'delayed':
      await refuseUs(app, report, domainOf(reader))
  }
}

/**
 * Pauses the domain where it refuses us: when it says so, or when several of its readers' letters came back with what may mean
 * that. What it said to a relay's face is known already.
 */
async function refuseUs(app: App, report: Report, domain: string): Promise<void> {
  if (report.via === 'smtp') return
  const { words, status, kind } = report
  const refusal = refusalIn(words, status)
  const doubtful = kind === 'policy' && refusal === 'perhaps' && (await alike(app, report, domain)) >= DOUBTFUL.most
  if (refusal === 'us' || doubtful) await deliveries.pauseDomain(app, domain, words, 'bounce')
}

/** How many readers' letters a domain has sent back so lately, this one included. */
async function alike(app: App, { subscriber_id }: Report, domain: string): Promise<number> {
  const rows = await app.db
    .selectFrom('bounce')
    .select('subscriber_id')
    .distinct()
    .where(sql<boolean>`kind = 'policy'`) // a bound value would not find the partial index
    .where('at', '>', later(instant(app.now()), -DOUBTFUL.within))
    .where('domain', '=', domain)
    .limit(DOUBTFUL.most)
    .execute()
  return new Set([...rows.map((row) => row.subscriber_id), subscriber_id]).size
}

/** How many letters came back in this way lately, this one included; what names no edition counts as one. */
async function letters(app: App, { subscriber_id, edition_id, kind }: Report, within: number): Promise<number> {
  const rows = await app.db
    .selectFrom('bounce')
    .select('edition_id')
    .distinct()
    .where('subscriber_id', '=', subscriber_id)
    .where('kind', '=', kind)
    .where('at', '>', later(instant(app.now()), -within))
    .execute()
  return new Set([...rows.map((row) => row.edition_id), edition_id]).size
}

/** Leaves the list of the edition, or all of them. */
async function leave(
  app: App,
  reader: Reader,
  edition: number | undefined,
  how: 'provider' | 'complaint',
): Promise<void> {
  const rows = await app.db
    .selectFrom('subscription')
    .select('id')
    .where('subscriber_id', '=', reader.id)
    .where(subscribers.LEAVABLE)
    .$if(edition !== undefined, (query) =>
      query.where('list_id', 'in', (one) =>
        one
          .selectFrom('edition')
          .innerJoin('digest', 'digest.id', 'edition.digest_id')
          .select('digest.list_id')
          .where('edition.id', '=', edition!),
      ),
    )
    .execute()
  for (const { id } of rows) await subscribers.leaveFor(app, id, how)
}

async function keep(app: App, report: Report, reader: Reader): Promise<boolean> {
  const { subscriber_id, edition_id, kind, status, words, via, key } = report
  const at: Instant = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    if (!(await remember(db, key, at))) return false
    const row = { subscriber_id, edition_id, kind, status, words, domain: domainOf(reader), via, at }
    await db.insertInto('bounce').values(row).execute()
    if (kind === 'complaint' && edition_id !== null) await deliveries.complained(app, db, edition_id)
    return true
  })
}

async function readerOf({ db }: App, id: number): Promise<Reader | undefined> {
  const row = await db.selectFrom('subscriber').select(['id', 'address']).where('id', '=', id).executeTakeFirst()
  return row?.address ? { id: row.id, address: row.address } : undefined // an erased one has none
}

/** A restored database may not know an edition that was sent after its backup. */
async function editionOf({ db }: App, { edition_id }: Report): Promise<number | null> {
  if (edition_id === null) return null
  const row = await db.selectFrom('edition').select('id').where('id', '=', edition_id).executeTakeFirst()
  return row?.id ?? null
}

function domainOf({ address }: Reader): string {
  return address.slice(address.lastIndexOf('@') + 1)
}
