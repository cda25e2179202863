import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import type { Instant } from '../../db/instant.ts'
import { alsoBeginsWith, domain } from '../../db/readers.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db, Schema } from '../../db/schema.ts'

/** Something that is true or not of a subscription and its subscriber. */
export type Condition = Expression<SqlBool>

/** Writes conditions about a subscription and its subscriber. */
export const about = expressionBuilder<Schema, 'subscription' | 'subscriber'>()

/** Which readers are asked for: those with a subscription of which all of this is true. */
export type Asked = {
  list_id?: number
  within?: readonly number[]
  state?: string
  language?: string
  joinedAfter?: Instant
  joinedBefore?: Instant
  leftAfter?: Instant
  leftBefore?: Instant
  domain?: string
  suppressed?: boolean
  /** How the address begins, in lower case. */
  start?: string
  /** A segment's. */
  condition?: Condition
}

/** When a reader joined a list: by the press that confirmed it, or by being brought into it. */
export function joined(): Expression<number> {
  return about.fn.coalesce('subscription.confirmed_at', 'subscription.created_at')
}

/** Whoever joined a list, and may have left since; spelled as the index is. Who was only asked to confirm has not joined. */
export const everJoined = sql<SqlBool>`(subscription.state = 'active' or subscription.confirmed_at is not null)`

/** A language with all its regions: `ar` is also `ar-SY`. */
export function speaks(tag: string): Condition {
  return about.or([about('subscription.language', '=', tag), about('subscription.language', 'like', `${tag}-%`)])
}

/** The subscribers of whom it is true, in a stretch of ids or of some ids, the newest first; one may come several times. */
export async function matching(
  db: Db,
  asked: Asked,
  among: { above: number; below: number } | { ids: number[] },
  limit: number,
): Promise<number[]> {
  const { ofSubscription, ofSubscriber } = conditions(db, asked)
  if (ofSubscription.length === 0) {
    const rows = await db
      .selectFrom('subscriber')
      .select('id')
      .where((eb) =>
        'ids' in among
          ? eb('id', 'in', listed(db, among.ids))
          : eb.and([eb('id', '>', among.above), eb('id', '<', among.below)]),
      )
      .$if(ofSubscriber.length > 0, (query) => query.where(about.and(ofSubscriber) as never))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute()
    return rows.map((row) => row.id)
  }
  const key = 'subscription.subscriber_id' as const
  const rows = await db
    .selectFrom('subscription')
    .select(`${key} as id`)
    // Joined only where it is needed: it takes twice as long.
    .$if(ofSubscriber.length > 0, (query) => query.innerJoin('subscriber', 'subscriber.id', key) as never)
    .where((eb) =>
      'ids' in among
        ? eb(key, 'in', listed(db, among.ids))
        : eb.and([eb(key, '>', among.above), eb(key, '<', among.below)]),
    )
    .$if('above' in among && ofSubscriber.length > 0, (query) => {
      const { above, below } = among as { above: number; below: number }
      return query.where(bounded(db, above, below) as never)
    })
    .where(about.and([...ofSubscription, ...ofSubscriber]) as never)
    .orderBy(key, 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/** The bounds of a stretch once more, where PostgreSQL would else look at every subscriber for each stretch. */
export function bounded(db: Db, above: number, below: number): Condition {
  if (kindOf(db) === 'sqlite') return sql<SqlBool>`true`
  return about.and([about('subscriber.id', '>', above), about('subscriber.id', '<', below)])
}

/** When they came, and when they went. */
function moved({ state, joinedAfter, joinedBefore, leftAfter, leftBefore }: Asked): Condition[] {
  const ofJoining = joinedAfter !== undefined || joinedBefore !== undefined
  return [
    ...(ofJoining && state !== 'pending' ? [everJoined] : []),
    ...(joinedAfter === undefined ? [] : [about(joined(), '>=', joinedAfter)]),
    ...(joinedBefore === undefined ? [] : [about(joined(), '<', joinedBefore)]),
    ...(leftAfter === undefined ? [] : [about('subscription.left_at', '>=', leftAfter)]),
    ...(leftBefore === undefined ? [] : [about('subscription.left_at', '<', leftBefore)]),
  ]
}

/** Ids for an `in`: however many they are, the statement is the same. */
function listed(db: Db, ids: number[]) {
  return sql<number>`(${rowsOf(
    kindOf(db),
    ['whole'],
    ids.map((id) => [id]),
  )})`
}

function conditions(db: Db, asked: Asked): { ofSubscription: Condition[]; ofSubscriber: Condition[] } {
  const { list_id, within, state, language, suppressed, start, condition } = asked
  const ofSubscription: Condition[] = []
  const ofSubscriber: Condition[] = []
  if (list_id !== undefined) ofSubscription.push(about('subscription.list_id', '=', list_id))
  if (within !== undefined) ofSubscription.push(about('subscription.list_id', 'in', [...within]))
  if (state !== undefined) ofSubscription.push(about('subscription.state', '=', state))
  if (language !== undefined) ofSubscription.push(speaks(language))
  ofSubscription.push(...moved(asked))
  if (condition) ofSubscriber.push(condition)
  if (asked.domain !== undefined) ofSubscriber.push(about(domain(kindOf(db)), '=', asked.domain))
  if (start !== undefined) ofSubscriber.push(alsoBeginsWith(start))
  if (suppressed !== undefined) {
    const never = about.exists(
      about
        .selectFrom('suppression')
        .select('suppression.id')
        .whereRef('suppression.address_hash', '=', 'subscriber.address_hash'),
    )
    ofSubscriber.push(suppressed ? never : about.not(never))
  }
  return { ofSubscription, ofSubscriber }
}
