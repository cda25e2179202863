import { sql } from 'kysely'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { addressHash, email, wordsOf } from '../address.ts'
import type { App } from '../app.ts'
import * as editions from '../editions.ts'
import { letterhead } from '../letterhead.ts'
import * as letters from '../letters/index.ts'
import * as links from '../links.ts'
import { stretches } from './stretches.ts'
import { OPEN } from './task.ts'
import { add, mostFirst } from './verify.ts'

/** How an edition went, from its ledger. `doubted` counts letters that were on the wire in a crash, and went again. */
export type Figures = Pick<
  letters.Report,
  | 'recipients'
  | 'submitted'
  | 'refused'
  | 'skipped'
  | 'reasons'
  | 'doubted'
  | 'complaints'
  | 'waiting'
  | 'from'
  | 'to'
  | 'refusals'
>

const LOOKED_AT = 1000 // refusals in one statement
const NAMED = 5 // reasons
const KINDS = 200 // different answers that are told apart

/**
 * Ends an edition, and asks for the letter that tells the newsroom how it went, where it wants one: once per edition, and of
 * the digest's own hour only, as readers may have asked for hundreds of others.
 */
export async function finish(db: Db, editionId: number, now: Instant): Promise<void> {
  await editions.finish(db, editionId, now)
  if ((await wantedBy(db)) && (await isOwn(db, editionId)) && (await editions.report(db, editionId, now)))
    await ask(db, editionId, now)
}

async function wantedBy(db: Db) {
  const { report_to, language } = await db
    .selectFrom('site')
    .select(['report_to', 'language'])
    .executeTakeFirstOrThrow()
  return report_to ? { report_to, language } : undefined
}

/** Asks for a letter that tells how an edition stands now, where the newsroom wants letters about editions. */
export async function ask(db: Db, editionId: number, now: Instant): Promise<void> {
  const wanted = await wantedBy(db)
  if (!wanted) return
  const { report_to, language } = wanted
  const address = email(report_to)
  await db
    .insertInto('notice')
    .values({
      ...{ kind: 'report', edition_id: editionId, address, address_hash: addressHash(address), language },
      ...{ state: 'queued', due_at: now, attempts: 0, created_at: now },
    })
    .execute()
}

async function isOwn(db: Db, editionId: number): Promise<boolean> {
  const row = await db
    .selectFrom('edition')
    .select('edition.id')
    .where('edition.id', '=', editionId)
    .where(editions.ofOwnSlot)
    .executeTakeFirst()
  return row !== undefined
}

/** The letter about an edition. */
export async function reportLetter(app: App, editionId: number, language: string): Promise<letters.Rendered> {
  const edition = await app.db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['edition.day', 'edition.state', 'edition.reason', 'digest.slug', 'digest.title'])
    .where('edition.id', '=', editionId)
    .executeTakeFirstOrThrow()
  return letters.renderReport({
    ...(await figures(app.read, editionId)),
    ...{ language, paper: await letterhead(app, app.db), digest: { title: edition.title } },
    day: Temporal.PlainDate.from(edition.day),
    webUrl: links.edition(app.config.url, edition.slug, edition.day),
    held: edition.state === 'held' && edition.reason === editions.COMPLAINTS,
  })
}

/** Counts an edition's letters, a few thousand at a time: others have their turn in between. */
export async function figures(db: Db, editionId: number): Promise<Figures> {
  const states = new Map<string, number>()
  const reasons = new Map<string, number>()
  const times: number[] = []
  let doubted = 0
  for await (const row of stretches(db, editionId)) {
    add(states, row.state, row.n)
    if (row.state === 'skipped') add(reasons, row.reason ?? 'other', row.n)
    doubted += row.doubted
    times.push(...[row.first, row.last].filter((at) => at !== null))
  }
  const n = (state: string) => states.get(state) ?? 0
  return {
    ...{ submitted: n('submitted'), refused: n('refused'), skipped: n('skipped'), doubted },
    ...{ complaints: await complaints(db, editionId), waiting: OPEN.reduce((sum, state) => sum + n(state), 0) },
    recipients: states.values().reduce((sum, one) => sum + one, 0),
    reasons: mostFirst(reasons),
    refusals: n('refused') > 0 ? await refusals(db, editionId) : [],
    from: times.length > 0 ? (times.reduce((a, b) => Math.min(a, b)) as Instant) : null,
    to: times.length > 0 ? (times.reduce((a, b) => Math.max(a, b)) as Instant) : null,
  }
}

/** How many readers complain of an edition. */
export async function complaints(db: Db, editionId: number): Promise<number> {
  const row = await db
    .selectFrom('bounce')
    .select(({ fn, cast }) => cast<number>(fn.count('subscriber_id').distinct(), 'integer').as('n'))
    .where('edition_id', '=', editionId)
    .where(sql<boolean>`kind = 'complaint'`) // a bound value would not find the partial index
    .executeTakeFirstOrThrow()
  return row.n
}

/** What the servers said to those they refused, the most frequent first; what differs in a number only is the same. */
async function refusals(db: Db, editionId: number): Promise<letters.Report['refusals']> {
  const told = new Map<string, { words: string; n: number }>()
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('delivery')
      .select(['subscriber_id', 'reply'])
      .where('edition_id', '=', editionId)
      .where('state', '=', 'refused')
      .where('subscriber_id', '>', after)
      .orderBy('subscriber_id')
      .limit(LOOKED_AT)
      .execute()
    for (const { reply } of rows) {
      const words = wordsOf(reply ?? '')
      const key = words.replace(/[\w.-]*\d[\w.-]{7,}/g, '#')
      const known = told.get(key)
      if (known) known.n++
      else if (told.size < KINDS) told.set(key, { words, n: 1 })
    }
    const last = rows.at(-1)
    if (!last) break
    after = last.subscriber_id
  }
  return [...told.values()].sort((a, b) => b.n - a.n).slice(0, NAMED)
}
