import { moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { snapshot } from '../../db/snapshot.ts'
import * as editions from '../editions.ts'
import { Problem } from '../problem.ts'
import { type Paused, pausedFor } from './domain-pauses.ts'
import { allDoubted } from './fates.ts'
import { stretches } from './stretches.ts'
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

/** Counts the rows of an edition, all as they are at one moment, and holds them against the tally. Nobody waits meanwhile. */
export async function verify(db: Db, editionPublicId: string): Promise<Verdict> {
  return snapshot(db, async (one) => {
    const edition = await editions.find(one, editionPublicId)
    const { doubted: _, reasons: __, ...counted } = await count(one, edition.id)
    return {
      edition: edition.public_id,
      state: edition.state,
      reason: edition.reason,
      ...counted,
      doubted: await allDoubted(one, edition.id),
      paused: await pausedFor(one, edition.id),
      ...(edition.forgotten_at !== null && { forgotten_at: moment(edition.forgotten_at).toString() }),
    }
  })
}

/**
 * What became of an edition's letters, by the rows themselves; `doubted` is how many once were uncertain, `reasons` why how many
 * were not sent, the most frequent first.
 */
export type Counted = Progress & Pick<Verdict, 'reconciled' | 'addsUp'> & { doubted: number; reasons: Reason[] }
export type Reason = { reason: string; n: number }

/**
 * Counts the rows of an edition in stretches, and holds them against the tally; of one moment only in a `snapshot`. Where it is
 * no longer kept who got it, the tally is what is left.
 */
export async function count(db: Db, editionId: number): Promise<Counted> {
  const kept = await tally.of(db, editionId)
  const { states, why, doubted } = await rowsOf(db, editionId, kept)
  const reconciled = [...new Set([...states.keys(), ...kept.keys()])].every(
    (state) => states.get(state) === kept.get(state),
  )
  const progress = summed(states)
  const { submitted, refused, skipped, uncertain, waiting, recipients } = progress
  const everybody = submitted + refused + skipped + uncertain + waiting === recipients
  return { ...progress, doubted, reasons: mostFirst(why), reconciled, addsUp: reconciled && everybody }
}

async function rowsOf(db: Db, editionId: number, kept: Map<string, number>) {
  const why = new Map<string, number>()
  if (await isForgotten(db, editionId)) return { states: kept, why, doubted: 0 }
  const states = new Map<string, number>()
  let doubted = 0
  for await (const row of stretches(db, editionId)) {
    add(states, row.state, row.n)
    if (row.state === 'skipped') add(why, row.reason ?? 'other', row.n)
    doubted += row.doubted
  }
  return { states, why, doubted }
}

async function isForgotten(db: Db, editionId: number): Promise<boolean> {
  const row = await db
    .selectFrom('edition')
    .select('forgotten_at')
    .where('id', '=', editionId)
    .executeTakeFirstOrThrow()
  return row.forgotten_at !== null
}

/** Adds to the number under a key. */
export function add(counts: Map<string, number>, key: string, n: number): void {
  counts.set(key, (counts.get(key) ?? 0) + n)
}

/** Reasons with their numbers, the most frequent first. */
export function mostFirst(counts: Map<string, number>): Reason[] {
  return [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([reason, n]) => ({ reason, n }))
}

/** How far an edition is, from the tally: fit for asking every second. */
export async function progress(db: Db, editionId: number): Promise<Progress> {
  return summed(await tally.of(db, editionId))
}

/** How many readers the edition goes to. */
export async function recipients(db: Db, editionId: number): Promise<number> {
  return (await progress(db, editionId)).recipients
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
