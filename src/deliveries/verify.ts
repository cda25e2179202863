import { moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as editions from '../editions.ts'
import { Problem } from '../problem.ts'
import { type Paused, pausedFor } from './domain-pauses.ts'
import * as tally from './tally.ts'

/** What the ledger says of an edition. `waiting` also counts what is being sent; `doubted` are subscribers' public ids. */
export type Verdict = {
  edition: string
  state: string
  /** Why it is held or was skipped. */
  reason: string | null
  recipients: number
  submitted: number
  refused: number
  skipped: number
  uncertain: number
  waiting: number
  /** The counted rows and the tally agree. */
  reconciled: boolean
  doubted: string[]
  /** The domains that hold back letters of it, as they refuse us; they are among the waiting. */
  paused: (Paused & { letters: number })[]
  /** Reconciled, and everybody is in one of the states. */
  addsUp: boolean
  /** Since when it is no longer kept who got it: the rows were held against the tally then, which is what is left. */
  forgotten_at?: string
}

export type Progress = {
  recipients: number
  submitted: number
  refused: number
  skipped: number
  uncertain: number
  waiting: number
}

/** Counts the rows of an edition and holds them against the tally. */
export async function verify(db: Db, editionPublicId: string): Promise<Verdict> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute((one) => judge(one, editionPublicId))
}

async function judge(db: Db, editionPublicId: string): Promise<Verdict> {
  const edition = await editions.find(db, editionPublicId)
  const kept = await tally.of(db, edition.id)
  const counted = edition.forgotten_at === null ? await counts(db, edition.id) : kept
  const reconciled = same(counted, kept)
  const progress = summed(counted)
  const { submitted, refused, skipped, uncertain, waiting, recipients } = progress
  const doubted = await db
    .selectFrom('delivery')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .select('subscriber.public_id')
    .where('delivery.edition_id', '=', edition.id)
    .where('delivery.doubted_at', 'is not', null)
    .orderBy('subscriber.id')
    .execute()
  const everybody = submitted + refused + skipped + uncertain + waiting === recipients
  return {
    edition: edition.public_id,
    state: edition.state,
    reason: edition.reason,
    ...progress,
    reconciled,
    doubted: doubted.map((row) => row.public_id),
    paused: await pausedFor(db, edition.id),
    addsUp: reconciled && everybody,
    ...(edition.forgotten_at !== null && { forgotten_at: moment(edition.forgotten_at).toString() }),
  }
}

/** Whether the counted rows of an edition are what its tally says. */
export async function agrees(db: Db, editionId: number): Promise<boolean> {
  return same(await counts(db, editionId), await tally.of(db, editionId))
}

function same(counted: Map<string, number>, kept: Map<string, number>): boolean {
  return [...new Set([...counted.keys(), ...kept.keys()])].every((state) => counted.get(state) === kept.get(state))
}

/** How far an edition is, from the tally: fit for asking every second. */
export async function progress(db: Db, editionId: number): Promise<Progress> {
  return summed(await tally.of(db, editionId))
}

/** How many readers the edition goes to. */
export async function recipients(db: Db, editionId: number): Promise<number> {
  return (await progress(db, editionId)).recipients
}

async function counts(db: Db, editionId: number): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('delivery')
    .select('state')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .where('edition_id', '=', editionId)
    .groupBy('state')
    .execute()
  return new Map(rows.map((row) => [row.state, row.n]))
}

function summed(states: Map<string, number>): Progress {
  const n = (state: string) => states.get(state) ?? 0
  return {
    recipients: [...states.values()].reduce((sum, value) => sum + value, 0),
    submitted: n('submitted'),
    refused: n('refused'),
    skipped: n('skipped'),
    uncertain: n('uncertain'),
    waiting: n('queued') + n('deferred') + n('claimed') + n('submitting'),
  }
}

/** An edition with its id, as `edition list` shows it. */
export type Listed = {
  edition: string
  digest: string
  day: string
  slot: string
  state: string
  reason: string | null
} & Progress

/** The latest editions, also those that were skipped, of one digest or of all; at most 1,000. */
export async function latest(db: Db, { digest, limit = 20 }: { digest?: string; limit?: number }): Promise<Listed[]> {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1000))
    throw new Problem('bad-number', { name: 'limit', least: 1, most: 1000 })
  const rows = await db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .innerJoin('slot', 'slot.id', 'edition.slot_id')
    .select([
      'edition.id',
      'edition.public_id',
      'digest.slug',
      'edition.day',
      'edition.state',
      'edition.reason',
      'slot.zone',
      'slot.minute',
    ])
    .$if(digest !== undefined, (query) => query.where('digest.slug', '=', digest!))
    .orderBy('edition.composed_at', 'desc')
    .orderBy('edition.id', 'desc')
    .limit(limit)
    .execute()
  return Promise.all(
    rows.map(async ({ id, public_id, slug, day, state, reason, zone, minute }) => ({
      ...{ edition: public_id, digest: slug, day, slot: `${hour(minute)} ${zone}`, state, reason },
      ...summed(await tally.of(db, id)),
    })),
  )
}

function hour(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}
