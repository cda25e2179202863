import { sql } from 'kysely'
import { packed, rowsIn } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import { standing } from '../../db/standing.ts'

/** By how much the numbers of an edition's states move. */
export type Moves = Map<string, number>

/** Notes that `n` deliveries of an edition went from one state (null: from nowhere) into another. */
export function note(moves: Moves, editionId: number, from: string | null, to: string, n = 1): void {
  if (from === to || n === 0) return
  if (from) moves.set(`${editionId} ${from}`, (moves.get(`${editionId} ${from}`) ?? 0) - n)
  moves.set(`${editionId} ${to}`, (moves.get(`${editionId} ${to}`) ?? 0) + n)
}

/** Moves the tally, in the transaction that moves the deliveries; always in one order, so that two never wait for each other. */
export async function move(db: Db, moves: Moves): Promise<void> {
  const rows = [...moves]
    .filter(([, n]) => n !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, n]) => [Number(key.split(' ')[0]), key.split(' ')[1]!, n])
  if (rows.length === 0) return
  await add(db, { rows: packed(rows) })
}

const add = standing<never, 'rows'>(
  (kind) => sql`
    with moved (edition_id, state, n) as (${rowsIn(kind, ['whole', 'word', 'whole'], 'rows')})
    insert into tally (edition_id, state, n) select edition_id, state, n from moved where true
    on conflict (edition_id, state) do update set n = tally.n + excluded.n`,
)

/** How many deliveries of the edition stand in each state. */
export async function of(db: Db, editionId: number): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('tally')
    .select(['state', 'n'])
    .where('edition_id', '=', editionId)
    .where('n', '!=', 0)
    .execute()
  return new Map(rows.map((row) => [row.state, row.n]))
}
