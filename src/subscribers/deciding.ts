import type { Selectable } from 'kysely'
import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db, SubscriptionTable } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { record } from '../changes.ts'
import * as deliveries from '../deliveries/index.ts'
import { claimedId, holds, type Keys, sign } from '../keys.ts'
import * as leftLog from '../left-log.ts'
import { say } from '../locale.ts'
import { networkOf } from '../network.ts'
import { Problem } from '../problem.ts'
import { consent, type Kind } from './consents.ts'
import type { List } from './lists.ts'
import { isBarred, liftErased } from './suppressions.ts'

const NOBODY = 0 // no subscription has this id
const VALID = 7 * 24 * 3_600_000 // how long a confirmation can be pressed

/** What stands as evidence where nobody read a sentence of ours. */
const NO_IN_WORDS = {
  'one-click': 'List-Unsubscribe=One-Click',
  mail: 'a mail that asks to leave',
  provider: "the mail provider's own unsubscribe",
  complaint: 'a report of abuse',
}

/** One address on one list. */
export type Subscription = Selectable<SubscriptionTable>

/** Where the holder of a token stands. */
export type Standing = { subscription: Subscription; list: List; address_hash: string }

/** What a confirmation's link is about; nothing changes. A Problem when the link is not ours, or too old. */
export async function readConfirmation(app: App, token: string): Promise<Standing> {
  return awaited(app.read, app.keys, token, instant(app.now()))
}

/** Whether this is the link of nobody that `doctor` tries: it proves that these keys answer here, and changes nothing. */
export function isTrial(keys: Keys, token: string): boolean {
  return holds(keys, token, 'unsubscribe', NOBODY)
}

/** That link's token. */
export function trialToken(keys: Keys): string {
  return sign(keys, 'unsubscribe', NOBODY)
}

/** What an unsubscribe link is about; nothing changes. */
export async function readLeaving(app: App, token: string): Promise<Standing> {
  const id = claimedId(token)
  if (id === undefined || !holds(app.keys, token, 'unsubscribe', id)) throw new Problem('link-invalid')
  return claimed(app.read, id)
}

/** The reader's own yes: active from now on, also after leaving, but never against a suppression. Again is no change. */
export async function confirm(app: App, token: string, network: string): Promise<Standing> {
  const now = instant(app.now())
  const standing = await awaited(app.read, app.keys, token, now)
  const confirmed = await app.db.transaction().execute(async (db) => {
    if (await isBarred(db, standing.address_hash)) throw new Problem('suppressed')
    await liftErased(db, standing.address_hash)
    const active = await turn(db, standing, {
      state: 'active',
      confirmed_at: now,
      left_at: null,
      left_reason: null,
    })
    if (!active) return standing
    const wording = say(active.language, 'reader.confirm-text', { list: standing.list.title })
    await testify(db, standing, 'confirmed', wording, network, '/confirm', now)
    return { ...standing, subscription: active }
  })
  if (confirmed !== standing) await leftLog.note(app, { ...named(standing), what: 'back', at: now })
  return confirmed
}

/** How a reader has said no: by a link, by mail, through a mail provider, or by calling a letter spam. */
export type How = 'one-click' | 'page' | 'mail' | 'provider' | 'complaint'

/** The reader's own no: at once, also for letters that wait to be sent. Again is no change. */
export async function leave(app: App, token: string, how: How, network: string): Promise<Standing> {
  return depart(app, await readLeaving(app, token), how, network)
}

/** The same where something else than a token proves who it is, such as a letter of ours that came back. */
export async function leaveFor(app: App, subscriptionId: number, how: How): Promise<Standing> {
  return depart(app, await claimed(app.read, subscriptionId), how, '')
}

async function depart(app: App, standing: Standing, how: How, network: string): Promise<Standing> {
  const now = instant(app.now())
  if (standing.subscription.state !== 'left') await leftLog.note(app, { ...named(standing), what: 'left', at: now })
  return app.db.transaction().execute(async (db) => {
    await deliveries.skipFor(db, standing.subscription.id)
    const left = await turn(db, standing, { state: 'left', left_at: now, left_reason: how })
    if (!left) return standing
    const wording =
      how === 'page' ? say(left.language, 'reader.leave-text', { list: standing.list.title }) : NO_IN_WORDS[how]
    await testify(db, standing, 'left', wording, network, `/unsubscribe (${how})`, now)
    return { ...standing, subscription: left }
  })
}

/** How left.log calls them. */
function named({ address_hash, list }: Standing): { hash: string; list: string } {
  return { hash: address_hash, list: list.slug }
}

/** Moves the subscription into another state; undefined when it is in it already, also by a press at the same moment. */
async function turn(
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

async function testify(
  db: Db,
  { subscription, list, address_hash }: Standing,
  kind: Kind,
  wording: string,
  network: string,
  form: string,
  at: Instant,
): Promise<void> {
  const evidence = { subscription_id: subscription.id, list_id: list.id, address_hash, network: networkOf(network) }
  await consent(db, [{ ...evidence, kind, wording, form, actor: 'reader', at }])
  await record(db, 'reader', at, [
    {
      verb: kind === 'left' ? 'subscription.leave' : 'subscription.confirm',
      subject: `subscription:${subscription.id}`,
      before: { state: subscription.state },
    },
  ])
}

/** A token belongs to one request; a later one does not void the letter that is already in the reader's inbox. */
async function awaited(db: Db, keys: Keys, token: string, now: Instant): Promise<Standing> {
  const id = claimedId(token)
  if (id === undefined) throw new Problem('link-invalid')
  const standing = await claimed(db, id)
  const { requested_at } = standing.subscription
  const earlier = await db
    .selectFrom('consent')
    .select('at')
    .where('address_hash', '=', standing.address_hash)
    .where('subscription_id', '=', id)
    .where('kind', '=', 'asked')
    .execute()
  const requests = [...(requested_at === null ? [] : [requested_at]), ...earlier.map(({ at }) => at)]
  const asked = requests.find((at) => holds(keys, token, 'confirm', id, String(at)))
  if (asked === undefined) throw new Problem('link-invalid')
  if (asked < later(now, -VALID)) throw new Problem('link-expired')
  return standing
}

async function claimed(db: Db, id: number): Promise<Standing> {
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
