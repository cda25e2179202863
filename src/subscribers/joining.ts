import { createHash } from 'node:crypto'
import { type Expression, sql } from 'kysely'
import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { addressHash, type Email, email, masked } from '../address.ts'
import type { App } from '../app.ts'
import { record } from '../changes.ts'
import * as deliveries from '../deliveries/index.ts'
import { publicId } from '../ids.ts'
import * as limits from '../limits.ts'
import { languageTag, say } from '../locale.ts'
import { networkOf } from '../network.ts'
import { Problem } from '../problem.ts'
import type { Site } from '../site.ts'
import * as site from '../site.ts'
import { oneLine } from '../text.ts'
import { consent, type Evidence } from './consents.ts'
import { findPublicList, type List } from './lists.ts'
import { greet, type Standing, type Subscription, testify, turn } from './standing.ts'
import { isBarred, isSuppressed } from './suppressions.ts'
import { columnsOf, type Wishes } from './wishes.ts'

const HOUR = 3_600_000
const PER_NETWORK = { most: 20, within: HOUR }
const PER_DOMAIN = { most: 500, within: HOUR } // one provider's addresses, from however many networks
const IN_ALL = { most: 3000, within: HOUR }
const PER_MAILBOX = { most: 1, within: 24 * HOUR }

/** A request to join. `network` is the client's address, `form` where it was made, `language` that of the form, `wish` what was chosen there. */
export type Request = {
  list: string
  address: string
  network: string
  form: string
  language: string
  wish?: Partial<Wishes>
}

type Wanted = Partial<Wishes> & { language: string }
type Asked = Omit<Evidence, 'subscription_id'> & { wish: string | null }

/**
 * Asks an address to confirm that it wants the list.
 *
 * The answer is the same whoever asks and whatever the address's history (none, waiting, active, left, suppressed), so
 * that a form cannot be used to find out who reads us, nor to fill somebody's inbox.
 */
export async function invite(app: App, request: Request): Promise<void> {
  await (await takeIn(app, request)).done
}

/**
 * Takes a request in as far as all of them go alike; `done` ends when the rest is, which depends on what the address is to us:
 * who answers before that tells nobody by the clock.
 */
export async function takeIn(app: App, request: Request): Promise<{ done: Promise<void> }> {
  const to = typedAddress(request.address)
  const list = await findPublicList(app.db, request.list)
  const language = languageTag(request.language)
  const now = instant(app.now())
  const network = networkOf(request.network)
  const { wish = {} } = request
  const asked: Asked = {
    kind: 'asked',
    list_id: list.id,
    address_hash: addressHash(to),
    network,
    form: oneLine(request.form).slice(0, 200),
    wording: agreement(language, await site.show(app, app.db)),
    actor: 'reader',
    at: now,
    wish: Object.keys(wish).length > 0 ? JSON.stringify(wish) : null,
  }
  await ration(app.db, to, network, now)
  const done = app.db.transaction().execute(async (db) => {
    await limits.forget(db, now)
    if (await limits.take(db, `confirm:${mailboxHash(to)}`, PER_MAILBOX, now))
      await ask(db, list, to, { language, ...wish }, asked)
  })
  return { done }
}

/** An address as somebody typed it, control characters refused instead of trimmed. */
export function typedAddress(text: string): Email {
  if (/\p{Cc}/u.test(text)) throw new Problem('bad-address', { value: masked(text.replace(/\p{Cc}/gu, '')) })
  return email(text)
}

/** What a reader agrees to: the sentence on the form, and the one kept as evidence. */
export function agreement(language: string, paper: Pick<Site, 'name'>): string {
  return say(language, 'reader.agreement', { paper: paper.name })
}

async function ration(db: Db, to: Email, network: string, now: Instant): Promise<void> {
  const domain = to.slice(to.lastIndexOf('@') + 1)
  // In one transaction, so that nobody's write elsewhere holds up this process.
  const left = await db
    .transaction()
    .execute(
      async (db) =>
        (await limits.take(db, `network:${network}`, PER_NETWORK, now)) &&
        (await limits.take(db, `domain:${domain}`, PER_DOMAIN, now)) &&
        (await limits.take(db, 'confirm', IN_ALL, now)),
    )
  if (!left) throw new Problem('too-many-requests')
}

async function ask(db: Db, list: List, to: Email, wish: Wanted, asked: Asked): Promise<void> {
  const barred = await isBarred(db, asked.address_hash)
  const subscription = barred ? undefined : await wishFor(db, to, wish.language, asked)
  await consent(db, [{ ...asked, subscription_id: subscription?.id ?? null }])
  if (!subscription) return
  await record(db, 'reader', asked.at, [
    { verb: 'subscription.ask', subject: `subscription:${subscription.id}`, after: { list_id: asked.list_id } },
  ])
  const standing = { subscription, list, address_hash: asked.address_hash }
  // Who has left or was erased comes back by an own confirmation only, whatever the list asks of others.
  if (list.single_opt_in !== null && subscription.state === 'pending' && !(await isSuppressed(db, asked.address_hash)))
    await admitAtOnce(db, standing, wish, asked)
  else {
    const { id, subscriber_id } = subscription
    const letter = { kind: 'confirm', subscriber_id, subscription_id: id, language: wish.language } as const
    await deliveries.ask(db, letter, asked.at)
  }
}

/** On a list with a single opt-in the request is the agreement. */
async function admitAtOnce(db: Db, standing: Standing, wish: Wanted, asked: Asked): Promise<void> {
  const subscription = await turn(db, standing, { ...columnsOf(wish), state: 'active', confirmed_at: asked.at })
  if (!subscription) return
  const { wording, form, network, at } = asked
  await testify(db, standing, { kind: 'joined', wording, form, network: network ?? '', at })
  await greet(db, 'welcome', { ...standing, subscription }, at)
}

/** The subscription asked for, made if need be; whoever is active or has left stays so until the letter is confirmed. */
async function wishFor(
  db: Db,
  to: Email,
  language: string,
  { address_hash, list_id, at }: Asked,
): Promise<Subscription> {
  const subscriber = await db
    .insertInto('subscriber')
    .values({ public_id: publicId(), address: to, address_hash, created_at: at })
    .onConflict((conflict) =>
      conflict.column('address_hash').doUpdateSet((eb) => ({
        address: eb.fn.coalesce('subscriber.address', 'excluded.address'), // whom only left.log knew
        erased_at: null,
      })),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return db
    .insertInto('subscription')
    .values({ ...fresh(list_id, subscriber.id, at), state: 'pending', language, requested_at: at })
    .onConflict((conflict) =>
      conflict.columns(['list_id', 'subscriber_id']).doUpdateSet((eb) => ({
        // Who reads us keeps both: anybody may have filled in the form.
        requested_at: keptIfActive(eb.ref('subscription.requested_at'), at),
        language: keptIfActive(eb.ref('subscription.language'), language),
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
}

function keptIfActive<Value>(kept: Expression<Value>, asked: Value) {
  return sql<Value>`case when subscription.state = 'active' then ${kept} else ${asked} end`
}

/** What every new subscription begins with. */
export function fresh(list_id: number, subscriber_id: number, created_at: Instant) {
  return { list_id, subscriber_id, sections: '', format: 'html', feed_epoch: 0, created_at }
}

/** One mailbox, however its address is written: without case and without what follows a `+`. */
function mailboxHash(address: Email): string {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at).replace(/(?<=.)\+.*$/, '')
  return createHash('sha256')
    .update(`${local}${address.slice(at)}`.toLowerCase())
    .digest('hex')
}
