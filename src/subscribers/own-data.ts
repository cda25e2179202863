import type { Instant } from '../../db/instant.ts'
import { moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'

/** All that we hold of a person, for that person: as JSON, every instant written out. */
export type OwnData = Awaited<ReturnType<typeof dataOf>>

/** Gathers what is held of the address of this hash: who it is, what it reads and agreed to, what it was sent, what came back. */
export async function dataOf(db: Db, address_hash: string) {
  const subscriber = await db
    .selectFrom('subscriber')
    .select(['id', 'address', 'name', 'fields', 'created_at'])
    .where('address_hash', '=', address_hash)
    .executeTakeFirst()
  const id = subscriber?.id ?? 0
  return {
    address: subscriber?.address ?? null,
    name: subscriber?.name ?? null,
    fields: JSON.parse(subscriber?.fields ?? '{}') as Record<string, string | number>,
    created_at: subscriber ? moment(subscriber.created_at).toString() : null,
    subscriptions: (await subscriptions(db, id)).map(written),
    consents: (await consents(db, address_hash)).map(written),
    suppression: (await suppressions(db, address_hash)).map(written)[0] ?? null,
    deliveries: (await deliveries(db, id)).map(written),
    notices: (await notices(db, id)).map(written),
    bounces: (await bounces(db, id)).map(written),
  }
}

function written(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) =>
      /(^|_)(at|until)$/.test(key) && typeof value === 'number'
        ? [key, moment(value as Instant).toString()]
        : [key, value],
    ),
  )
}

function subscriptions(db: Db, subscriber: number) {
  return db
    .selectFrom('subscription')
    .innerJoin('list', 'list.id', 'subscription.list_id')
    .select([
      'list.slug as list',
      'list.title',
      'state',
      'sections',
      'format',
      'subscription.language',
      'zone',
      'minute',
    ])
    .select(['weekdays', 'paused_until', 'subscription.created_at', 'requested_at', 'confirmed_at'])
    .select(['left_at', 'left_reason'])
    .where('subscriber_id', '=', subscriber)
    .orderBy('subscription.id')
    .execute()
}

function consents(db: Db, hash: string) {
  return db
    .selectFrom('consent')
    .innerJoin('list', 'list.id', 'consent.list_id')
    .select(['list.slug as list', 'kind', 'at', 'network', 'form', 'wording', 'wording_version', 'actor', 'wish'])
    .where('address_hash', '=', hash)
    .orderBy('consent.id')
    .execute()
}

function suppressions(db: Db, hash: string) {
  return db.selectFrom('suppression').select(['reason', 'created_at']).where('address_hash', '=', hash).execute()
}

function deliveries(db: Db, subscriber: number) {
  return db
    .selectFrom('delivery')
    .innerJoin('edition', 'edition.id', 'delivery.edition_id')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['digest.slug as digest', 'edition.day', 'delivery.state', 'delivery.reason', 'submitted_at', 'reply'])
    .where('subscriber_id', '=', subscriber)
    .orderBy('edition_id')
    .execute()
}

function notices(db: Db, subscriber: number) {
  return db
    .selectFrom('notice')
    .select(['kind', 'language', 'state', 'reason', 'created_at', 'submitted_at', 'reply'])
    .where('subscriber_id', '=', subscriber)
    .orderBy('id')
    .execute()
}

function bounces(db: Db, subscriber: number) {
  return db
    .selectFrom('bounce')
    .select(['at', 'kind', 'status', 'words', 'via'])
    .where('subscriber_id', '=', subscriber)
    .orderBy('id')
    .execute()
}
