import type { Db } from '../../db/schema.ts'

/** How many readers a list has; `more` where only the newest were looked at. */
export type Bounded = { active: number; more: boolean }

const LOOKED_AT = 10_000 // subscriptions, the newest: what a page can wait for

/** How many read this list now, without counting a million: beyond the newest ten thousand there are more. */
export async function activeOn(db: Db, listId: number): Promise<Bounded> {
  const { active, all } = await db
    .selectFrom(
      db
        .selectFrom('subscription')
        .select('state')
        .where('list_id', '=', listId)
        .orderBy('id', 'desc')
        .limit(LOOKED_AT + 1)
        .as('late'),
    )
    .select(({ fn, cast, eb }) => [
      cast<number>(fn.countAll(), 'integer').as('all'),
      cast<number>(fn.count(eb.case().when('state', '=', 'active').then(1).end()), 'integer').as('active'),
    ])
    .executeTakeFirstOrThrow()
  return all > LOOKED_AT ? { active: Math.min(active, LOOKED_AT), more: true } : { active, more: false }
}
