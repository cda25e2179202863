import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'

/** How many agreements began and ended since then: each of a reader and a list. `more` where only the newest were looked at. */
export type Movement = { gained: number; lost: number; more: boolean }

const LOOKED_AT = 20_000 // pieces of evidence, the newest: enough for any quiet week

/** Who came and who went since then, on these lists (`all`: on every one). */
export async function movement(db: Db, since: Instant, lists: 'all' | readonly number[]): Promise<Movement> {
  const rows = await db
    .selectFrom(
      db.selectFrom('consent').select(['kind', 'list_id', 'at']).orderBy('id', 'desc').limit(LOOKED_AT).as('late'),
    )
    .select(({ fn, cast }) => ['kind', cast<number>(fn.countAll(), 'integer').as('n'), fn.min('at').as('first')])
    .where('at', '>=', since)
    .$if(lists !== 'all', (query) => query.where('list_id', 'in', lists as number[]))
    .groupBy('kind')
    .execute()
  const n = (...kinds: string[]) => rows.filter(({ kind }) => kinds.includes(kind)).reduce((sum, row) => sum + row.n, 0)
  const seen = rows.reduce((sum, row) => sum + row.n, 0)
  return { gained: n('confirmed', 'joined', 'imported'), lost: n('left'), more: seen >= LOOKED_AT }
}
