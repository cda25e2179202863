import { type Instant, instant, later } from '../../db/instant.ts'
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
import * as stories from './stories.ts'

/** A letter as it would go out: the whole message, and its two forms as documents. */
export type Preview = { subject: string; stories: number; eml: Buffer; html: string; text: string }

/** Whose letter it is; without a subscriber a reader nobody is, who was told everything up to the last edition. */
type Addressee = {
  to: Email
  subscription_id: number
  requested_at: null
} & Pick<readers.Wants, 'told' | 'spacing' | 'language' | 'format' | 'sections'>

const UNKNOWN = 'preview' // an edition has its name when it is composed
const NOBODY = 'reader@example.org' as Email

/**
 * Makes the letter of a moment without changing anything: what was composed for that day, else what would be composed.
 * The bytes are those that are sent but for Date and Message-ID (and, before the edition exists, its name in Feedback-ID and
 * boundary; without a subscriber, the addressee).
 */
export async function preview(
  app: App,
  slug: string,
  options: { at?: Temporal.Instant; subscriber?: string },
): Promise<Preview> {
  const own = await promise.find(app.read, slug)
  const { digest } = own
  const at = render.judgedAt(app, options.at)
  const { addressee, place } = await addresseeOf(app, own, options.subscriber)
  const day = calendar.localDay(place.slot, at).toString()
  const part = (await composed(app, place, day, options.subscriber)) ?? (await rendered(app, place, day, at, addressee))
  const identity = await site.show(app, app.read)
  const list = await app.read.selectFrom('list').selectAll().where('id', '=', digest.list_id).executeTakeFirstOrThrow()
  const header = deliveries.editionHeader(app, identity, site.sender(app, identity), {
    list,
    digest: digest.slug,
    edition: part.edition,
  })
  const tokens = subscribers.tokens(app, { id: addressee.subscription_id, requested_at: addressee.requested_at })
  const personal = {
    to: addressee.to,
    messageId: `preview.${digest.slug}.${day}@${header.from.address.split('@')[1]}`,
    date: instant(app.now()),
    tokens,
  }
  return {
    subject: part.subject,
    stories: part.stories,
    eml: letters.splice(letters.fix(part, header), personal),
    html: letters.fill(part.html, tokens),
    text: letters.fill(part.text, tokens),
  }
}

type Made = letters.Rendered & { stories: number; edition: string }

/** The part that was composed for this reader on that day (for nobody: the fullest). */
async function composed(
  app: App,
  { digest, slot }: slots.Place,
  day: string,
  address: string | undefined,
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
  if (address === undefined) return parts.orderBy('part.from_seq').orderBy('part.id').executeTakeFirst()
  return parts
    .innerJoin('delivery', 'delivery.part_id', 'part.id')
    .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
    .where('subscriber.address_hash', '=', addressHash(email(address)))
    .executeTakeFirst()
}

async function rendered(
  app: App,
  { digest, own }: slots.Place,
  day: string,
  at: Instant,
  addressee: Addressee,
): Promise<Made> {
  const oldest = later(at, -stories.age(digest, addressee.spacing))
  const untold = stories.untold((await stories.stock(app.read, digest, at, oldest)).all, addressee, digest, at)
  if (untold.length === 0) throw new Problem('no-news', { digest: digest.slug, day })
  const { language, format } = addressee
  const letter = { digest, day, language, format, stories: untold, ...(!own && { edition: UNKNOWN }) }
  const part = await render.part(app, app.read, letter)
  return { ...part, edition: 'preview' }
}

async function addresseeOf(
  app: App,
  own: slots.Place,
  address: string | undefined,
): Promise<{ addressee: Addressee; place: slots.Place }> {
  const { digest } = own
  const base = { requested_at: null, spacing: calendar.spacing(own.slot.weekdays) }
  if (address === undefined) {
    const list = await app.read
      .selectFrom('list')
      .select('language')
      .where('id', '=', digest.list_id)
      .executeTakeFirstOrThrow()
    const told = await readers.mostTold(app.read, digest)
    const nobody = { to: NOBODY, subscription_id: 0, told, language: list.language, format: 'html', sections: '' }
    return { addressee: { ...base, ...nobody }, place: own }
  }
  const to = email(address)
  const row = await app.read
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select(['subscription.id', 'subscription.language', 'subscription.format', 'sections'])
    .where('subscription.list_id', '=', digest.list_id)
    .where('subscriber.address_hash', '=', addressHash(to))
    .executeTakeFirst()
  if (!row) throw new Problem('subscriber-not-found', { value: masked(to) })
  const { id: subscription_id, ...wants } = row
  const follow = await readers.standing(app.read, digest, subscription_id)
  const place = follow ? await slots.of(app.read, follow.slot_id) : own
  const spacing = follow?.spacing ?? calendar.spacing(place.slot.weekdays)
  return { addressee: { ...base, ...wants, to, subscription_id, told: follow?.told_seq ?? null, spacing }, place }
}
