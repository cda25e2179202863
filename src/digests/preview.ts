import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { addressHash, type Email, email, masked } from '../address.ts'
import type { App } from '../app.ts'
import * as deliveries from '../deliveries/index.ts'
import * as letters from '../letters/index.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import * as subscribers from '../subscribers/index.ts'
import * as calendar from './calendar.ts'
import * as promise from './promise.ts'
import * as readers from './readers.ts'
import * as render from './render.ts'
import * as slots from './slots.ts'
import * as stage from './stage.ts'
import * as stories from './stories.ts'

/** A letter as it would go out: the whole message, its two forms as documents, and the edition where it is composed. */
export type Preview = {
  subject: string
  stories: number
  eml: Buffer
  html: string
  text: string
  day: string
  edition: string | undefined
}

/**
 * Which letter: of which moment (default: now), to whom (an address, or a reader's public id; without one a reader nobody is, who
 * was told everything up to the last edition), in which of the digest's hours (default: the reader's). `blank`: its links hold no
 * tokens, so that whoever looks at it cannot act for the reader.
 */
export type Wanted = { at?: Temporal.Instant; subscriber?: string; slot?: number; blank?: boolean }

/** Whose letter it is. */
type Addressee = {
  to: Email
  public_id: string | undefined
  subscription_id: number
  requested_at: null
} & Pick<readers.Wants, 'told' | 'spacing' | 'language' | 'format' | 'sections'>

const UNKNOWN = 'preview' // an edition has its name when it is composed
const NOBODY = 'reader@example.org' as Email
const NO_TOKEN = '-'.repeat(letters.TOKEN)
const BLANK = { unsubscribe: NO_TOKEN, preferences: NO_TOKEN, confirm: NO_TOKEN }

/**
 * Makes the letter of a moment without changing anything: what was composed for that day, else what would be composed.
 * The bytes are those that are sent but for Date and Message-ID (and, before the edition exists, its name in Feedback-ID and
 * boundary; without a subscriber, the addressee).
 */
export async function preview(app: App, slug: string, wanted: Wanted): Promise<Preview> {
  const { digest, addressee, part, header, day, edition } = await prepared(app, slug, wanted)
  const tokens = wanted.blank
    ? BLANK
    : subscribers.tokens(app, { id: addressee.subscription_id, requested_at: addressee.requested_at })
  const name = edition && addressee.public_id ? `e${edition}.${addressee.public_id}` : `preview.${digest.slug}.${day}`
  const personal = {
    to: addressee.to,
    messageId: `${name}@${header.from.address.split('@')[1]}`,
    date: instant(app.now()),
    tokens,
  }
  return {
    subject: part.subject,
    stories: part.stories,
    eml: letters.splice(letters.fix(part, header), personal),
    html: letters.fill(part.html, tokens),
    text: letters.fill(part.text, tokens),
    day,
    edition,
  }
}

/** A letter before it is anybody's: its part as stored or rendered, its header, and whose it is to be. */
type Prepared = {
  digest: promise.Digest
  addressee: Addressee
  part: Made
  header: letters.Shared
  day: string
  edition: string | undefined
}

/** Makes all of a letter but what is one reader's own. */
export async function prepared(app: App, slug: string, wanted: Wanted): Promise<Prepared> {
  const own = await promise.find(app.read, slug)
  const { digest } = own
  const at = render.judgedAt(app, wanted.at)
  const { addressee, place } = await addresseeOf(app, own, wanted)
  const day = calendar.localDay(place.slot, at).toString()
  const made = await composed(app, place, day, addressee)
  const part = made ?? (await rendered(app, place, day, at, addressee))
  const identity = await site.show(app, app.read)
  const list = await app.read.selectFrom('list').selectAll().where('id', '=', digest.list_id).executeTakeFirstOrThrow()
  const header = deliveries.editionHeader(app, identity, site.sender(app, identity), {
    list,
    digest: digest.slug,
    edition: part.edition,
  })
  return { digest, addressee, part, header, day, edition: made?.edition }
}

type Made = letters.Rendered & { stories: number; edition: string }

/** The part that was composed for this reader on that day (for nobody: the fullest). */
async function composed(
  app: App,
  { digest, slot }: slots.Place,
  day: string,
  { public_id }: Addressee,
): Promise<Made | undefined> {
  const parts = app.read
    .selectFrom('edition')
    .innerJoin('part', (join) =>
      join.onRef('part.edition_id', '=', 'edition.id').onRef('part.revision', '=', 'edition.revision'),
    )
    .select(['part.subject', 'part.html', 'part.text', 'part.stories', 'edition.public_id as edition'])
    .where('edition.digest_id', '=', digest.id)
    .where('edition.slot_id', '=', slot.id)
    .where('edition.day', '=', day)
    .where('edition.state', '!=', 'skipped')
  if (public_id === undefined) return parts.orderBy('part.from_seq').orderBy('part.id').executeTakeFirst()
  return parts
    .innerJoin('delivery', 'delivery.part_id', 'part.id')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .where('subscriber.public_id', '=', public_id)
    .executeTakeFirst()
}

async function rendered(app: App, place: slots.Place, day: string, at: Instant, addressee: Addressee): Promise<Made> {
  const { digest, own } = place
  const oldest = later(at, -stories.age(digest, addressee.spacing))
  const { first, out } = await stage.choices(app.read, place, day)
  const { all } = await stories.stock(app.read, digest, { at, oldest, out })
  const untold = stories.untold(all, addressee, digest, at)
  if (untold.length === 0) throw new Problem('no-news', { digest: digest.slug, day })
  const { language, format } = addressee
  const letter = { digest, day, language, format, stories: untold, first, ...(!own && { edition: UNKNOWN }) }
  const part = await render.part(app, app.read, letter)
  return { ...part, edition: 'preview' }
}

async function addresseeOf(
  app: App,
  own: slots.Place,
  { subscriber, slot }: Wanted,
): Promise<{ addressee: Addressee; place: slots.Place }> {
  const { digest } = own
  const asked = slot === undefined ? undefined : await slots.of(app.read, slot)
  if (asked && asked.digest.id !== digest.id) throw new Problem('page-not-found')
  const base = { requested_at: null }
  if (subscriber === undefined) {
    const place = asked ?? own
    const list = await app.read
      .selectFrom('list')
      .select('language')
      .where('id', '=', digest.list_id)
      .executeTakeFirstOrThrow()
    const told = await readers.toldIn(app.read, place)
    const nobody = { to: NOBODY, public_id: undefined, subscription_id: 0, told, language: list.language }
    const spacing = calendar.spacing(place.slot.weekdays)
    return { addressee: { ...base, ...nobody, spacing, format: 'html', sections: '' }, place }
  }
  const { id: subscription_id, address, ...wants } = await readerOf(app.read, digest, subscriber)
  const follow = await readers.standing(app.read, digest, subscription_id)
  const place = asked ?? (follow ? await slots.of(app.read, follow.slot_id) : own)
  const spacing = follow?.spacing ?? calendar.spacing(place.slot.weekdays)
  const reader = { ...base, ...wants, to: address as Email, subscription_id, told: follow?.told_seq ?? null, spacing }
  return { addressee: reader, place }
}

/** A reader of the digest's list, by address or public id, or a Problem. */
async function readerOf(db: Db, digest: promise.Digest, named: string) {
  const isId = /^[a-z0-9]{11}$/.test(named)
  const row = await db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select(['subscription.id', 'subscription.language', 'subscription.format', 'sections'])
    .select(['subscriber.public_id', 'subscriber.address'])
    .where('subscription.list_id', '=', digest.list_id)
    .where('subscriber.address', 'is not', null)
    .$if(isId, (query) => query.where('subscriber.public_id', '=', named))
    .$if(!isId, (query) => query.where('subscriber.address_hash', '=', addressHash(email(named))))
    .executeTakeFirst()
  if (!row) throw new Problem('subscriber-not-found', { value: isId ? named : masked(named) })
  return row
}
