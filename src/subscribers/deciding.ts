import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { maskedIn } from '../address.ts'
import type { Actor, App } from '../app.ts'
import * as deliveries from '../deliveries/index.ts'
import { claimedId, holds, type Keys, sign } from '../keys.ts'
import * as leftLog from '../left-log.ts'
import * as limits from '../limits.ts'
import { say } from '../locale.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import { oneLine } from '../text.ts'
import { canLeave, end, greet, LEAVABLE, named, present, type Standing, standingOf, testify, turn } from './standing.ts'
import { isBarred, isSuppressed, liftErased } from './suppressions.ts'
import { type Asked, grant, waiting } from './waiting.ts'
import { columnsOf, keptWishes, type Wishes } from './wishes.ts'

const NOBODY = 0 // no subscription has this id
const RETURNS = { most: 20, within: 24 * 3_600_000 } // each is kept as evidence for ever
const VALID = 7 * 24 * 3_600_000 // how long a confirmation can be pressed, and a leaving taken back

/** What stands as evidence where nobody read a sentence of ours. */
const NO_IN_WORDS = {
  'one-click': 'List-Unsubscribe=One-Click',
  mail: 'a mail that asks to leave',
  provider: "the mail provider's own unsubscribe",
  complaint: 'a report of abuse',
}

/**
 * What a confirmation's link is about, and whether it waits for a press; nothing changes. A Problem when the link is not ours,
 * or too old.
 */
export async function readConfirmation(app: App, token: string): Promise<Standing & { waits: boolean }> {
  const { standing, asked } = await awaited(app.read, app.keys, token, instant(app.now()))
  const waits = standing.subscription.state !== 'active' || (await waiting(app.read, standing, asked)) !== undefined
  return { ...standing, waits }
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
  return standingOf(app.read, id)
}

/**
 * The reader's own yes: active from now on, as was wished when asking, also after leaving or being erased, but never against a
 * suppression. Who is active already gets what was wished. Again is no change. `home` is the zone of who names none, if that
 * is not the paper's.
 */
export async function confirm(app: App, token: string, network: string, home?: string): Promise<Standing> {
  const { standing, asked } = await awaited(app.db, app.keys, token, instant(app.now()))
  const wording = say(standing.subscription.language, 'reader.confirm-text', { list: standing.list.title })
  const yes = { wording, network, form: '/confirm', wish: asked.wish }
  if (standing.subscription.state !== 'active') return returned(app, standing, keptWishes(asked.wish), yes)
  return granted(app, standing, asked, yes, home)
}

/** An active reader's letters are as that reader has asked for and now confirmed; the rest stays as it is. */
async function granted(app: App, standing: Standing, asked: Asked, yes: Yes, home?: string): Promise<Standing> {
  const now = instant(app.now())
  const { id } = standing.subscription
  return app.db.transaction().execute(async (db) => {
    await present(db, standing)
    const wish = await waiting(db, standing, asked)
    if (!wish) return standing
    if (await isBarred(db, standing.address_hash)) throw new Problem('suppressed')
    if (!(await limits.take(db, `return:${id}`, RETURNS, now))) throw new Problem('too-many-requests')
    await grant(db, standing, wish, { home: home ?? (await site.show(app, db)).zone, now })
    await testify(db, standing, { ...yes, kind: 'confirmed', at: now })
    return standingOf(db, id)
  })
}

/** How a reader has said yes. */
export type Yes = { wording: string; network: string; form: string; wish?: string | null }

/** Makes active what its reader wants, and says so to left.log. */
export async function returned(app: App, standing: Standing, wish: Partial<Wishes>, yes: Yes): Promise<Standing> {
  const now = instant(app.now())
  const active = await app.db.transaction().execute(async (db) => {
    await present(db, standing)
    if (await isBarred(db, standing.address_hash)) throw new Problem('suppressed')
    await liftErased(db, standing.address_hash)
    const since = { confirmed_at: now, left_at: null, left_reason: null }
    const subscription = await turn(db, standing, { ...columnsOf(wish), ...since, state: 'active' })
    if (!subscription) return undefined
    if (!(await limits.take(db, `return:${standing.subscription.id}`, RETURNS, now)))
      throw new Problem('too-many-requests')
    await testify(db, standing, { ...yes, kind: 'confirmed', at: now })
    await deliveries.skipGoodbye(db, subscription.id)
    await greet(db, 'welcome', { ...standing, subscription }, now)
    return { ...standing, subscription }
  })
  if (active) await leftLog.note(app, { ...named(standing), what: 'back', at: now })
  return active ?? standing
}

/** How a reader has said no: by a link, by mail, through a mail provider, or by calling a letter spam. */
export type How = 'one-click' | 'page' | 'mail' | 'provider' | 'complaint'

/** The reader's own no: at once, also for letters that wait to be sent. Again is no change. */
export async function leave(app: App, token: string, how: How, network: string): Promise<Standing> {
  return depart(app, await readLeaving(app, token), how, network)
}

/** The same where something else than a token proves who it is, such as a letter of ours that came back. */
export async function leaveFor(app: App, subscriptionId: number, how: How): Promise<Standing> {
  return depart(app, await standingOf(app.read, subscriptionId), how, '')
}

/**
 * Ends a subscription for its reader, who asked for it in another way: `reason` says which, and is needed. It counts like the
 * reader's own no.
 */
export async function leaveBy(app: App, actor: Actor, subscriptionId: number, reason: string): Promise<Standing> {
  const words = maskedIn(oneLine(reason)).slice(0, 500)
  if (!words) throw new Problem('reason-needed')
  return depart(app, await standingOf(app.read, subscriptionId), 'desk', '', { actor, words })
}

/** Leaves every list that this reader is on. */
export async function leaveAll(app: App, { subscription }: Standing, network: string): Promise<Standing> {
  const all = await app.read
    .selectFrom('subscription')
    .select('id')
    .where('subscriber_id', '=', subscription.subscriber_id)
    .where(LEAVABLE)
    .execute()
  for (const { id } of all) await depart(app, await standingOf(app.read, id), 'page', network)
  return standingOf(app.db, subscription.id)
}

/** Whether a leaving may be taken back: for a week, unless it was a complaint or the address is suppressed since. */
export async function canUndo(app: App, { subscription, address_hash }: Standing): Promise<boolean> {
  const { state, left_at, left_reason, confirmed_at } = subscription
  if (state !== 'left' || left_at === null || confirmed_at === null) return false
  if (left_at < later(instant(app.now()), -VALID) || !['one-click', 'page', 'mail'].includes(left_reason ?? ''))
    return false
  return !(await isSuppressed(app.read, address_hash))
}

/** Takes a leaving back: active as before. Nothing happens where that may not be. */
export async function undo(app: App, standing: Standing, network: string): Promise<Standing> {
  if (!(await canUndo(app, standing))) return standing
  const wording = say(standing.subscription.language, 'reader.undo')
  return returned(app, standing, {}, { wording, network, form: '/unsubscribe (undo)' })
}

/** Ends a subscription: left.log first, then what waits to be sent, then the subscription. */
export async function depart(
  app: App,
  standing: Standing,
  how: How | 'desk',
  network: string,
  by?: { actor: Actor; words: string },
): Promise<Standing> {
  const now = instant(app.now())
  if (canLeave(standing)) await leftLog.note(app, { ...named(standing), what: 'left', at: now })
  return app.db.transaction().execute(async (db) => {
    await deliveries.skipFor(db, standing.subscription.id)
    const left = await end(db, standing, { left_at: now, left_reason: how })
    if (!left) return standing
    const form = by ? '/admin' : `/unsubscribe (${how})`
    const deed = {
      kind: 'left' as const,
      wording: noOf(left.language, standing, how, by?.words),
      network,
      form,
      at: now,
    }
    await testify(db, standing, { ...deed, ...(by && { by: by.actor }) })
    const after = { ...standing, subscription: left }
    if ((how === 'page' || how === 'one-click') && standing.subscription.state === 'active')
      await greet(db, 'goodbye', after, now)
    return after
  })
}

function noOf(language: string, { list }: Standing, how: How | 'desk', words = ''): string {
  if (how === 'page') return say(language, 'reader.leave-text', { list: list.title })
  return how === 'desk' ? words : NO_IN_WORDS[how]
}

/** A token belongs to one request; a later one does not void the letter that is already in the reader's inbox. */
async function awaited(db: Db, keys: Keys, token: string, now: Instant): Promise<{ standing: Standing; asked: Asked }> {
  const id = claimedId(token)
  if (id === undefined) throw new Problem('link-invalid')
  const standing = await standingOf(db, id)
  const { requested_at } = standing.subscription
  const kept = await db
    .selectFrom('consent')
    .select(['at', 'wish'])
    .where('address_hash', '=', standing.address_hash)
    .where('subscription_id', '=', id)
    .where('kind', '=', 'asked')
    .execute()
  const requests = [...kept, ...(requested_at === null ? [] : [{ at: requested_at, wish: null }])]
  const asked = requests.find(({ at }) => holds(keys, token, 'confirm', id, String(at)))
  if (asked === undefined) throw new Problem('link-invalid')
  if (asked.at < later(now, -VALID)) throw new Problem('link-expired')
  return { standing, asked }
}
