import { type Instant, later } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'

/** So many times within so many milliseconds, counted from the first. */
export type Limit = { most: number; within: number }

const LONGEST = 24 * 3_600_000 // no limit looks further back

/** Uses one of what a limit allows; false when nothing is left. Exact however many processes ask at once. */
export async function take(db: Db, key: string, limit: Limit, now: Instant): Promise<boolean> {
  const over = later(now, -limit.within)
  const { n } = await db
    .insertInto('allowance')
    .values({ key, since_at: now, n: 1 })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet((eb) => ({
        n: eb
          .case()
          .when('allowance.since_at', '<=', over)
          .then(1)
          .else(eb('allowance.n', '+', 1))
          .end(),
        since_at: eb.case().when('allowance.since_at', '<=', over).then(now).else(eb.ref('allowance.since_at')).end(),
      })),
    )
    .returning('n')
    .executeTakeFirstOrThrow()
  return n <= limit.most
}

/** Forgets what no limit looks at any more. */
export async function forget(db: Db, now: Instant): Promise<void> {
  await db.deleteFrom('allowance').where('since_at', '<', later(now, -LONGEST)).execute()
}
