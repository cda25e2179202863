import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { keepHour, timeOf } from './hours.ts'
import { keepLooks } from './looks.ts'
import type { Standing } from './standing.ts'
import { isWish, keptWishes, type Wishes, wishesOf } from './wishes.ts'

/** A request to join: when, and what was wished with it, as JSON. */
export type Asked = { at: Instant; wish: string | null }

/**
 * What a request wishes of an active reader's letters that they are not: it waits for the reader's own press, once. What a form
 * leaves as it begins is no wish of who has chosen already.
 */
export async function waiting(
  db: Db,
  { subscription, address_hash }: Standing,
  { at, wish }: Asked,
): Promise<Partial<Wishes> | undefined> {
  const wished = chosen(keptWishes(wish), wishesOf(subscription))
  if (subscription.state !== 'active' || Object.keys(wished).length === 0) return undefined
  const granted = await db
    .selectFrom('consent')
    .select('id')
    .where('address_hash', '=', address_hash)
    .where('subscription_id', '=', subscription.id)
    .where('kind', '=', 'confirmed')
    .where('at', '>=', at)
    .where('wish', '=', wish)
    .executeTakeFirst()
  return granted ? undefined : wished
}

function chosen(wish: Partial<Wishes>, now: Wishes): Partial<Wishes> {
  const said = Object.entries(wish).filter(
    ([key, value]) => isWish(value) && JSON.stringify(value) !== JSON.stringify(now[key as keyof Wishes]),
  )
  return Object.fromEntries(said) as Partial<Wishes>
}

/** Does as was wished, in the caller's transaction. `home` is the zone of who names none. */
export async function grant(
  db: Db,
  { subscription: { id } }: Standing,
  wish: Partial<Wishes>,
  of: { home: string; now: Instant },
): Promise<void> {
  const { zone, minute, weekdays, ...looks } = wish
  await keepLooks(db, id, looks, of.now)
  const hour = {
    ...(zone !== undefined && { zone }),
    ...(minute !== undefined && { at: minute === null ? null : timeOf(minute) }),
    ...(weekdays !== undefined && { weekdays }),
  }
  await keepHour(db, 'reader', id, hour, of)
}
