import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'

/** How many agreements began and ended since then: each of a reader and a list. `more` where only the newest were looked at. */
export type Movement = { gained: number; lost: number; more: boolean }

const LOOKED_AT = 20_000 // pieces of evidence of these lists, the newest: enough for any quiet week
const WITHIN = 200_000 // of the newest of all lists: nothing leads from a list to its own
const NEIGHBOURS = 100 // one alone may be evidence of old that a file brought lately

type Lists = 'all' | readonly number[]

/** Who came and who went since then, on these lists (`all`: on every one). */
export async function movement(db: Db, since: Instant, lists: Lists): Promise<Movement> {
  const newest = await db.selectFrom('consent').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst()
  const floor = Math.max(0, (newest?.id ?? 0) - WITHIN)
  const rows = await db
    .selectFrom(late(db, floor, lists))
    .select(({ fn, cast }) => ['kind', cast<number>(fn.countAll(), 'integer').as('n')])
    .where('at', '>=', since)
    .groupBy('kind')
    .execute()
  const n = (...kinds: string[]) => rows.filter(({ kind }) => kinds.includes(kind)).reduce((sum, row) => sum + row.n, 0)
  const looked = await db
    .selectFrom(late(db, floor, lists))
    .select(({ fn, cast }) => [cast<number>(fn.countAll(), 'integer').as('n'), fn.min('id').as('first')])
    .executeTakeFirstOrThrow()
  const end = looked.n < LOOKED_AT ? floor : looked.first - 1
  return { gained: n('confirmed', 'joined', 'imported'), lost: n('left'), more: await anySince(db, end, since) }
}

/** What is looked at. */
function late(db: Db, floor: number, lists: Lists) {
  return db
    .selectFrom('consent')
    .select(['id', 'kind', 'at'])
    .where('id', '>', floor)
    .$if(lists !== 'all', (query) => query.where('list_id', 'in', lists as number[]))
    .orderBy('id', 'desc')
    .limit(LOOKED_AT)
    .as('late')
}

/** Whether what was written up to this id, and was not looked at, goes on after that moment. */
async function anySince(db: Db, end: number, since: Instant): Promise<boolean> {
  const next = await db
    .selectFrom('consent')
    .select('at')
    .where('id', '<=', end)
    .orderBy('id', 'desc')
    .limit(NEIGHBOURS)
    .execute()
  return next.some(({ at }) => at >= since)
}
