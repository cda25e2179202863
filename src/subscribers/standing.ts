import { type Selectable, sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db, SubscriptionTable } from '../../db/schema.ts'
import type { Actor } from '../app.ts'
import { record } from '../changes.ts'
import * as deliveries from '../deliveries/index.ts'
import * as limits from '../limits.ts'
import { networkOf } from '../network.ts'
import { Problem } from '../problem.ts'
import { consent, type Kind } from './consents.ts'
import type { List } from './lists.ts'
import { hasLetter, type LetterKind } from './own-words.ts'

/** One address on one list. */
export type Subscription = Selectable<SubscriptionTable>

/** Where the holder of a token stands. */
export type Standing = { subscription: Subscription; list: List; address_hash: string }

/** What a reader has done, as evidence: in which words, from which network, by which form, with which wish (JSON). */
export type Deed = {
  kind: Kind
  wording: string
  network: string
  form: string
  at: Instant
  wish?: string | null
  /** Who did it for the reader, if not the reader. */
  by?: Actor
}

const GREETING = { most: 1, within: 24 * 3_600_000 }

/** Where this subscription stands; a Problem when there is none. */
export async function standingOf(db: Db, id: number): Promise<Standing> {
  const subscription = await db.selectFrom('subscription').selectAll().where('id', '=', id).executeTakeFirst()
  if (!subscription) throw new Problem('link-invalid')
  const list = await db.selectFrom('list').selectAll().where('id', '=', subscription.list_id).executeTakeFirstOrThrow()
  const { address_hash } = await db
    .selectFrom('subscriber')
    .select('address_hash')
    .where('id', '=', subscription.subscriber_id)
    .executeTakeFirstOrThrow()
  return { subscription, list, address_hash }
}

/**
 * Holds a reader still until the end of the transaction: nobody erases them meanwhile. A Problem for one who was erased since
 * it was read who they are.
 */
export async function present(db: Db, { subscription, address_hash }: Standing): Promise<void> {
  const query = db
    .selectFrom('subscriber')
    .select(['address', 'address_hash'])
    .where('id', '=', subscription.subscriber_id)
  const now = await (kindOf(db) === 'sqlite' ? query : query.forUpdate()).executeTakeFirst()
  if (now?.address_hash !== address_hash || now.address === null) throw new Problem('link-invalid')
}

/** How left.log calls them. */
export function named({ address_hash, list }: Pick<Standing, 'address_hash' | 'list'>): { hash: string; list: string } {
  return { hash: address_hash, list: list.slug }
}

/** Moves the subscription into another state; undefined when it is in it already, also by a press at the same moment. */
export async function turn(
  db: Db,
  { subscription }: Standing,
  change: Partial<Subscription> & { state: string },
): Promise<Subscription | undefined> {
  return db
    .updateTable('subscription')
    .set(change)
    .where('id', '=', subscription.id)
    .where('state', '!=', change.state)
    .returningAll()
    .executeTakeFirst()
}

/** Who has left by a word that is not the reader's, and may be taken back: the reader's own no still counts. */
const NOT_BY_READER = ['import', 'left.log']

/** Which subscriptions their readers can still leave, by an own word. */
export const LEAVABLE = sql<boolean>`(subscription.state <> 'left' or subscription.left_reason in (${sql.join(NOT_BY_READER)}))`

/** Whether the reader can still leave, by an own word. */
export function canLeave({ subscription: { state, left_reason } }: Standing): boolean {
  return state !== 'left' || NOT_BY_READER.includes(left_reason ?? '')
}

/** Ends it by the reader's own word; undefined when that is so already. */
export async function end(
  db: Db,
  { subscription }: Standing,
  how: { left_at: Instant; left_reason: string },
): Promise<Subscription | undefined> {
  return db
    .updateTable('subscription')
    .set({ ...how, state: 'left' })
    .where('id', '=', subscription.id)
    .where(LEAVABLE)
    .returningAll()
    .executeTakeFirst()
}

/** Keeps the evidence of a deed and its line in the trail. */
export async function testify(db: Db, standing: Standing, deed: Deed): Promise<void> {
  const { subscription, list, address_hash } = standing
  const { network, at, by = 'reader', ...evidence } = deed
  const whom = { subscription_id: subscription.id, list_id: list.id, address_hash }
  await consent(db, [{ ...evidence, at, ...whom, network: networkOf(network), actor: by }])
  await record(db, by, at, [
    {
      verb: deed.kind === 'left' ? 'subscription.leave' : 'subscription.confirm',
      subject: `subscription:${subscription.id}`,
      before: { state: subscription.state },
    },
  ])
}

/** Asks for the list's welcome or goodbye, if it has one; one a day at most, however often somebody comes and goes. */
export async function greet(db: Db, kind: LetterKind, standing: Standing, at: Instant): Promise<void> {
  const { subscription, list } = standing
  if (!(await hasLetter(db, list.id, kind))) return
  if (!(await limits.take(db, `${kind}:${subscription.id}`, GREETING, at))) return
  const { id, subscriber_id, language } = subscription
  await deliveries.ask(db, { kind, subscriber_id, subscription_id: id, language }, at)
}
