import { sql } from 'kysely'
import { type Instant, moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { addressHash, email, masked } from '../address.ts'
import { Problem } from '../problem.ts'

const LAST = 20

/**
 * All that is known of an address: what it reads, what it agreed to, whether it may be written to, what it was sent last and
 * what came back.
 */
export async function show(db: Db, address: string) {
  const hash = addressHash(email(address))
  const subscriber = await db.selectFrom('subscriber').selectAll().where('address_hash', '=', hash).executeTakeFirst()
  const suppression = await db.selectFrom('suppression').selectAll().where('address_hash', '=', hash).executeTakeFirst()
  const consents = await db
    .selectFrom('consent')
    .innerJoin('list', 'list.id', 'consent.list_id')
    .select(['list.slug as list', 'kind', 'at', 'network', 'form', 'wording', 'wording_version', 'actor'])
    .where('address_hash', '=', hash)
    .orderBy('consent.id')
    .execute()
  if (!subscriber && !suppression && consents.length === 0) {
    throw new Problem('subscriber-not-found', { value: masked(address) })
  }
  const id = subscriber?.id ?? 0
  return {
    address: subscriber?.address ?? suppression?.address ?? null,
    name: subscriber?.name ?? null,
    subscriptions: (await subscriptions(db, id)).map(told),
    consents: consents.map(told),
    suppression: suppression
      ? told({ reason: suppression.reason, actor: suppression.actor, created_at: suppression.created_at })
      : null,
    deliveries: (await deliveries(db, id)).map(told),
    notices: (await notices(db, id)).map(told),
    bounces: (await bounces(db, id)).map(told),
  }
}

/** A row for people: its instants are written out. */
type Told<Row> = { [Key in keyof Row]: Row[Key] extends Instant | null ? Extract<Row[Key], null> | string : Row[Key] }

function told<Row extends object>(row: Row): Told<Row> {
  const cells = Object.entries(row).map(([key, value]) =>
    /(^|_)at$/.test(key) && value !== null ? [key, moment(value as Instant).toString()] : [key, value],
  )
  return Object.fromEntries(cells) as Told<Row>
}

async function subscriptions(db: Db, subscriber: number) {
  return db
    .selectFrom('subscription')
    .innerJoin('list', 'list.id', 'subscription.list_id')
    .select(['list.slug as list', 'state', 'subscription.language', 'format', 'zone', 'subscription.created_at'])
    .select(['requested_at', 'confirmed_at', 'left_at', 'left_reason'])
    .where('subscriber_id', '=', subscriber)
    .orderBy('subscription.id')
    .execute()
}

async function deliveries(db: Db, subscriber: number) {
  return db
    .selectFrom('delivery')
    .innerJoin('edition', 'edition.id', 'delivery.edition_id')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select([
      'edition.public_id as edition',
      'digest.slug as digest',
      'edition.day',
      'delivery.state',
      'delivery.reason',
    ])
    .select(sql<Instant | null>`case when delivery.domain is null then delivery.due_at end`.as('due_at')) // else its domain's turn is
    .select(['attempts', 'submitted_at', 'doubted_at', 'reply'])
    .where('subscriber_id', '=', subscriber)
    .orderBy('edition_id', 'desc')
    .limit(LAST)
    .execute()
}

async function notices(db: Db, subscriber: number) {
  return db
    .selectFrom('notice')
    .select(['kind', 'state', 'reason', 'created_at', 'due_at', 'attempts', 'submitted_at', 'reply'])
    .where('subscriber_id', '=', subscriber)
    .orderBy('id', 'desc')
    .limit(LAST)
    .execute()
}

async function bounces(db: Db, subscriber: number) {
  return db
    .selectFrom('bounce')
    .leftJoin('edition', 'edition.id', 'bounce.edition_id')
    .select(['bounce.at', 'kind', 'status', 'words', 'via', 'edition.public_id as edition'])
    .where('subscriber_id', '=', subscriber)
    .orderBy('bounce.id', 'desc')
    .limit(LAST)
    .execute()
}
