import { setImmediate } from 'node:timers/promises'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'

/** Letters of one stretch that stand alike; `doubted` of them were once uncertain, `first` and `last` is when they were submitted. */
export type Alike = {
  state: string
  reason: string | null
  n: number
  doubted: number
  first: Instant | null
  last: Instant | null
}

const STRETCH = 5000 // rows of the ledger in one look: a few milliseconds, as SQLite works in this very thread

/** Counts an edition's letters a few thousand at a time, in the order of their readers: others have their turn in between. */
export async function* stretches(db: Db, editionId: number): AsyncGenerator<Alike> {
  for (let after = 0; ; ) {
    const end = await endOf(db, editionId, after)
    yield* await db
      .selectFrom('delivery')
      .select(['state', 'reason'])
      .select(({ fn, cast }) => [
        cast<number>(fn.countAll(), 'integer').as('n'),
        cast<number>(fn.count('doubted_at'), 'integer').as('doubted'),
        fn.min('submitted_at').as('first'),
        fn.max('submitted_at').as('last'),
      ])
      .where('edition_id', '=', editionId)
      .where('subscriber_id', '>', after)
      .$if(end !== undefined, (query) => query.where('subscriber_id', '<=', end!))
      .groupBy(['state', 'reason'])
      .execute()
    if (end === undefined) return
    after = end
    await setImmediate()
  }
}

/** The reader with whom the stretch behind this one ends; undefined for the last stretch. */
export async function endOf(db: Db, editionId: number, after: number): Promise<number | undefined> {
  const end = await db
    .selectFrom('delivery')
    .select('subscriber_id')
    .where('edition_id', '=', editionId)
    .where('subscriber_id', '>', after)
    .orderBy('subscriber_id')
    .offset(STRETCH)
    .limit(1)
    .executeTakeFirst()
  return end?.subscriber_id
}
