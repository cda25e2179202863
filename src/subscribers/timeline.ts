import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'

/** One thing that happened to a reader. `what` is its kind, `by` who did it where that is known. */
export type Event = { at: Instant; what: string; by: string | null; list?: string; details: Record<string, unknown> }

const MOST = 100 // of each kind, the latest

/** The lists that may be seen, by their inner ids; undefined: all. */
type Within = readonly number[] | undefined

/**
 * What happened to a reader, the latest first: agreements, changes, letters and what came back. With `within` only what
 * concerns these lists, and the suppression, which concerns all.
 */
export async function timeline(db: Db, hash: string, within?: readonly number[]): Promise<Event[]> {
  const subscriber = await db
    .selectFrom('subscriber')
    .select(['id', 'public_id', 'created_at'])
    .where('address_hash', '=', hash)
    .executeTakeFirst()
  const all = await Promise.all([
    agreements(db, hash, within),
    barred(db, hash),
    ...(subscriber
      ? [
          changes(db, subscriber, within),
          letters(db, subscriber.id, within),
          notices(db, subscriber.id, within),
          returns(db, subscriber.id, within),
        ]
      : []),
  ])
  return all.flat().sort((a, b) => b.at - a.at)
}

async function agreements(db: Db, hash: string, within: Within): Promise<Event[]> {
  const rows = await db
    .selectFrom('consent')
    .innerJoin('list', 'list.id', 'consent.list_id')
    .select(['list.slug as list', 'kind', 'at', 'network', 'form', 'actor'])
    .where('address_hash', '=', hash)
    .$if(within !== undefined, (query) => query.where('consent.list_id', 'in', [...within!]))
    .orderBy('consent.at', 'desc')
    .limit(MOST)
    .execute()
  return rows.map(({ at, kind, actor, list, ...details }) => ({ at, what: kind, by: actor, list, details }))
}

async function barred(db: Db, hash: string): Promise<Event[]> {
  const rows = await db.selectFrom('suppression').selectAll().where('address_hash', '=', hash).execute()
  return rows.map(({ created_at, actor, reason }) => ({
    at: created_at,
    what: 'suppressed',
    by: actor,
    details: { reason },
  }))
}

async function changes(db: Db, { id, public_id }: { id: number; public_id: string }, within: Within): Promise<Event[]> {
  const subscriptions = await db
    .selectFrom('subscription')
    .innerJoin('list', 'list.id', 'subscription.list_id')
    .select(['subscription.id', 'slug'])
    .where('subscriber_id', '=', id)
    .$if(within !== undefined, (query) => query.where('list_id', 'in', [...within!]))
    .execute()
  const lists = new Map(subscriptions.map((row) => [`subscription:${row.id}`, row.slug]))
  const rows = await db
    .selectFrom('change')
    .selectAll()
    .where('subject', 'in', within ? [...lists.keys()] : [...lists.keys(), `subscriber:${public_id}`])
    .orderBy('id', 'desc')
    .limit(MOST)
    .execute()
  return rows.map(({ at, verb, actor, subject, before, after }) => ({
    ...{ at, what: verb, by: actor, ...(lists.has(subject) && { list: lists.get(subject)! }) },
    details: { ...(before && { before: JSON.parse(before) }), ...(after && { after: JSON.parse(after) }) },
  }))
}

async function letters(db: Db, subscriber: number, within: Within): Promise<Event[]> {
  const rows = await db
    .selectFrom('delivery')
    .innerJoin('edition', 'edition.id', 'delivery.edition_id')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['digest.slug as digest', 'edition.day', 'edition.public_id as edition', 'delivery.state'])
    .select(['delivery.reason', 'attempts', 'submitted_at', 'delivery.due_at', 'edition.composed_at', 'reply'])
    .where('subscriber_id', '=', subscriber)
    .$if(within !== undefined, (query) => query.where('digest.list_id', 'in', [...within!]))
    .orderBy('edition_id', 'desc')
    .limit(MOST)
    .execute()
  return rows.map(({ submitted_at, composed_at, state, due_at, ...details }) => ({
    ...{ at: submitted_at ?? composed_at, what: `letter ${state}`, by: null },
    details: state === 'deferred' || state === 'queued' ? { ...details, due_at } : details,
  }))
}

async function notices(db: Db, subscriber: number, within: Within): Promise<Event[]> {
  const rows = await db
    .selectFrom('notice')
    .select(['kind', 'state', 'reason', 'created_at', 'submitted_at', 'attempts', 'reply'])
    .where('subscriber_id', '=', subscriber)
    .$if(within !== undefined, (query) =>
      query.where('subscription_id', 'in', (one) =>
        one
          .selectFrom('subscription')
          .select('id')
          .where('subscription.list_id', 'in', [...within!]),
      ),
    )
    .orderBy('id', 'desc')
    .limit(MOST)
    .execute()
  return rows.map(({ submitted_at, created_at, kind, state, ...details }) => ({
    ...{ at: submitted_at ?? created_at, what: `${kind} ${state}`, by: null, details },
  }))
}

async function returns(db: Db, subscriber: number, within: Within): Promise<Event[]> {
  const rows = await db
    .selectFrom('bounce')
    .leftJoin('edition', 'edition.id', 'bounce.edition_id')
    .select(['bounce.at', 'kind', 'status', 'words', 'via', 'edition.public_id as edition'])
    .where('bounce.subscriber_id', '=', subscriber)
    .$if(within !== undefined, (query) =>
      query.where('edition.digest_id', 'in', (one) =>
        one
          .selectFrom('digest')
          .select('digest.id')
          .where('digest.list_id', 'in', [...within!]),
      ),
    )
    .orderBy('bounce.id', 'desc')
    .limit(MOST)
    .execute()
  return rows.map(({ at, kind, via, ...details }) => ({ at, what: `bounce ${kind}`, by: via, details }))
}
