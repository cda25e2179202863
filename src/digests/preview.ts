import { instant } from '../../db/instant.ts'
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
import * as stories from './stories.ts'

/** A letter as it would go out: the whole message, and its two forms as documents. */
export type Preview = { subject: string; stories: number; eml: Buffer; html: string; text: string }

/** Whose letter it is; without a subscriber a reader nobody is, who was told everything up to the last edition. */
type Addressee = {
  to: Email
  subscription_id: number
  requested_at: null
  told: number
  language: string
  format: string
}

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
  const { digest, slot } = await promise.find(app.read, slug)
  const at = render.judgedAt(app, options.at)
  const day = calendar.localDay(slot, at).toString()
  const addressee = await addresseeOf(app, digest, options.subscriber)
  const part =
    (await composed(app, digest, slot, day, options.subscriber)) ?? (await rendered(app, digest, day, at, addressee))
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
  digest: promise.Digest,
  slot: promise.Slot,
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
  digest: promise.Digest,
  day: string,
  at: ReturnType<typeof render.judgedAt>,
  addressee: Addressee,
): Promise<Made> {
  const untold = stories.untold((await stories.stock(app.read, digest, at)).all, addressee.told)
  if (untold.length === 0) throw new Problem('no-news', { digest: digest.slug, day })
  const part = await render.part(app, app.read, digest, day, addressee.language, addressee.format, untold)
  return { ...part, edition: 'preview' }
}

async function addresseeOf(app: App, digest: promise.Digest, address: string | undefined): Promise<Addressee> {
  const base = { requested_at: null }
  if (address === undefined) {
    const list = await app.read
      .selectFrom('list')
      .select('language')
      .where('id', '=', digest.list_id)
      .executeTakeFirstOrThrow()
    return {
      ...base,
      to: NOBODY,
      subscription_id: 0,
      told: await readers.mostTold(app.read, digest),
      language: list.language,
      format: 'html',
    }
  }
  const to = email(address)
  const row = await app.read
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select(['subscription.id', 'subscription.language', 'subscription.format', 'subscriber.address'])
    .where('subscription.list_id', '=', digest.list_id)
    .where('subscriber.address_hash', '=', addressHash(to))
    .executeTakeFirst()
  if (!row) throw new Problem('subscriber-not-found', { value: masked(to) })
  return {
    ...base,
    to,
    subscription_id: row.id,
    told: await readers.told(app.read, digest, row.id),
    language: row.language,
    format: row.format,
  }
}
