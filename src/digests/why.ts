import { type Instant, moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { addressHash, email } from '../address.ts'
import * as segments from '../segments/index.ts'

/**
 * Why an edition did or did not come to an address. `queued` (waits for its turn; `held` while its edition is), `sending`,
 * `submitted`, `deferred` (tried, and again at `next`), `refused` and `skipped` say what the ledger says, with the server's
 * words or our reason; `uncertain` may have arrived. The rest is why there was no letter at all.
 */
export type Why =
  | 'queued' | 'held' | 'sending' | 'submitted' | 'deferred' | 'refused' | 'skipped' | 'uncertain'
  | 'unknown' | 'never-on-list' | 'erased' | 'suppressed' | 'pending' | 'left' | 'joined-after' | 'paused' | 'not-in-segment' | 'other-hour'
  | 'composing' | 'no-edition' | 'nothing-new' // biome-ignore format: one list

/** One edition of a digest, as it looks to one address. `reason`, `reply` and `next` are there where they say more. */
export type Answer = {
  digest: string
  edition: string
  day: string
  why: Why
  reason?: string
  reply?: string
  next?: string
  at?: string
}

const LATEST = 3 // editions of each digest

/**
 * The latest editions of each digest, and why each did or did not come to this address; also to one that we never had.
 * `within`: only of the digests to these lists, by their inner ids.
 */
export async function why(db: Db, address: string, now: Instant, within?: readonly number[]): Promise<Answer[]> {
  const reader = await readerOf(db, addressHash(email(address)))
  const digests = await db
    .selectFrom('digest')
    .selectAll()
    .$if(within !== undefined, (query) => query.where('list_id', 'in', [...within!]))
    .orderBy('id')
    .execute()
  const answers: Answer[] = []
  for (const digest of digests) {
    const editions = await db
      .selectFrom('edition')
      .select(['id', 'public_id', 'day', 'slot_id', 'state', 'reason', 'composed_at', 'judged_at'])
      .where('digest_id', '=', digest.id)
      .orderBy('composed_at', 'desc')
      .limit(LATEST)
      .execute()
    for (const edition of editions) {
      const answer = (await byLedger(db, reader, edition, now)) ?? (await withoutLetter(db, reader, digest, edition))
      answers.push({ digest: digest.slug, edition: edition.public_id, day: edition.day, ...answer })
    }
  }
  return answers
}

type Reader = Awaited<ReturnType<typeof readerOf>>
type Edition = {
  id: number
  slot_id: number
  state: string
  reason: string | null
  composed_at: Instant
  judged_at: Instant | null
}
type Digest = { id: number; list_id: number; segment_id: number | null }
type Because = Pick<Answer, 'why' | 'reason' | 'reply' | 'next' | 'at'>

async function readerOf(db: Db, hash: string) {
  const subscriber = await db
    .selectFrom('subscriber')
    .select(['id', 'erased_at'])
    .where('address_hash', '=', hash)
    .executeTakeFirst()
  const suppression = await db
    .selectFrom('suppression')
    .select(['reason', 'created_at'])
    .where('address_hash', '=', hash)
    .executeTakeFirst()
  const subscriptions = await db
    .selectFrom('subscription')
    .selectAll()
    .where('subscriber_id', '=', subscriber?.id ?? 0)
    .execute()
  return { id: subscriber?.id, erased_at: subscriber?.erased_at ?? null, suppression, subscriptions }
}

async function byLedger(db: Db, reader: Reader, edition: Edition, now: Instant): Promise<Because | undefined> {
  const { id } = reader
  if (id === undefined) return undefined
  const row = await db
    .selectFrom('delivery')
    .select(['state', 'reason', 'reply', 'due_at', 'submitted_at', 'subscription_id'])
    .where('edition_id', '=', edition.id)
    .where('subscriber_id', '=', id)
    .executeTakeFirst()
  if (!row) return undefined
  const reply = row.reply === null ? {} : { reply: row.reply }
  const waits = ['queued', 'deferred'].includes(row.state) && vetoed(reader, row.subscription_id, now)
  if (waits) return waits
  if (row.state === 'submitted') return { why: 'submitted', at: moment(row.submitted_at!).toString(), ...reply }
  if (row.state === 'deferred') return { why: 'deferred', next: moment(row.due_at).toString(), ...reply }
  if (row.state === 'skipped') return { why: 'skipped', reason: row.reason ?? 'other' }
  if (row.state === 'refused') return { why: 'refused', ...reply }
  if (row.state === 'uncertain') return { why: 'uncertain' }
  if (row.state === 'queued' && edition.state === 'held') return { why: 'held', reason: edition.reason ?? 'paused' }
  return { why: row.state === 'queued' ? 'queued' : 'sending' }
}

/** What will keep a letter that waits from going out. */
function vetoed({ suppression, subscriptions }: Reader, id: number, now: Instant): Because | undefined {
  if (suppression) return { why: 'suppressed', reason: suppression.reason }
  const until = subscriptions.find((one) => one.id === id)?.paused_until
  return until && until > now ? { why: 'paused', next: moment(until).toString() } : undefined
}

/** The ledger knows no letter: the first thing, in the order in which readers are chosen, that kept one away. */
async function withoutLetter(db: Db, reader: Reader, digest: Digest, edition: Edition): Promise<Because> {
  const { suppression } = reader
  const then = edition.judged_at ?? edition.composed_at
  if (suppression?.reason === 'erased' || reader.erased_at !== null) return { why: 'erased' }
  if (suppression && suppression.created_at <= then) return { why: 'suppressed', reason: suppression.reason }
  if (reader.id === undefined)
    return suppression ? { why: 'suppressed', reason: suppression.reason } : { why: 'unknown' }
  const subscription = reader.subscriptions.find((one) => one.list_id === digest.list_id)
  if (!subscription) return { why: 'never-on-list' }
  if (subscription.state === 'pending') return { why: 'pending' }
  const joined = subscription.confirmed_at ?? subscription.created_at
  if (joined > then) return { why: 'joined-after', at: moment(joined).toString() }
  if (subscription.left_at !== null && subscription.left_at <= then)
    return { why: 'left', at: moment(subscription.left_at).toString() }
  if (!(await sharesHour(db, digest, subscription.id, edition))) return { why: 'other-hour' }
  if (edition.state === 'skipped') return { why: 'no-edition', reason: edition.reason ?? 'no-news' }
  if (subscription.paused_until !== null && subscription.paused_until > then)
    return { why: 'paused', next: moment(subscription.paused_until).toString() }
  if (!(await segments.isMeant(db, digest, subscription.id, then))) return { why: 'not-in-segment' }
  return { why: edition.state === 'composing' ? 'composing' : 'nothing-new' }
}

/** Whoever was never told anything is with the digest's own hour. */
async function sharesHour(db: Db, digest: Digest, subscription: number, edition: Edition): Promise<boolean> {
  const follow = await db
    .selectFrom('follow')
    .select('slot_id')
    .where('digest_id', '=', digest.id)
    .where('subscription_id', '=', subscription)
    .executeTakeFirst()
  const own = db.selectFrom('slot').select('id').where('digest_id', '=', digest.id).orderBy('id').limit(1)
  return (follow?.slot_id ?? (await own.executeTakeFirst())?.id) === edition.slot_id
}
