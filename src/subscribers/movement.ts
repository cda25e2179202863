import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { everJoined, joined } from './conditions.ts'

/** How many readers; `more` where no more than the first ten thousand were counted. */
export type Counted = { n: number; more: boolean }

/** How many readers joined a list since then (some have left again), and how many have left one: as many as `find` finds. */
export type Movement = { gained: Counted; lost: Counted }

const MOST = 10_000 // subscriptions: what a page can wait for

/** Who came and who went since then, on these lists; undefined: on every one. */
export async function movement(db: Db, since: Instant, lists?: readonly number[]): Promise<Movement> {
  return { gained: await counted(db, 'joined', since, lists), lost: await counted(db, 'left', since, lists) }
}

async function counted(
  db: Db,
  how: 'joined' | 'left',
  since: Instant,
  lists: readonly number[] | undefined,
): Promise<Counted> {
  const ids = await movedSince(db, how, since, lists, MOST + 1)
  return { n: new Set(ids.slice(0, MOST)).size, more: ids.length > MOST }
}

/** The readers of the first `most` subscriptions to these lists (undefined: to any) that began, or ended, since then. */
export async function movedSince(
  db: Db,
  how: 'joined' | 'left',
  since: Instant,
  lists: readonly number[] | undefined,
  most: number,
): Promise<number[]> {
  const at = how === 'joined' ? joined() : ('left_at' as const)
  const among = lists ?? (await db.selectFrom('list').select('id').execute()).map(({ id }) => id)
  const rows = await db
    .selectFrom('subscription')
    .select('subscriber_id')
    .where('list_id', 'in', [...among])
    .where((eb) => eb(at as never, '>=', since as never))
    .$if(how === 'joined', (query) => query.where(everJoined))
    .orderBy('list_id') // in the order of the index: PostgreSQL would else read every subscription
    .orderBy(at as never)
    .limit(most)
    .execute()
  return rows.map(({ subscriber_id }) => subscriber_id)
}
