import { setImmediate } from 'node:timers/promises'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'

const HOUR = 3_600_000
const STEP = 20_000 // subscriptions in one look: a million in one statement would hold up the server

const counts = new WeakMap<App['database'], { at: number; n: Promise<number> }>()

/** For how many readers we ask: the paper's active subscriptions, counted once an hour. */
export async function audience(app: App): Promise<number> {
  const now = instant(app.now())
  const known = counts.get(app.database)
  if (known && Math.abs(now - known.at) < HOUR) return known.n
  const n = count(app)
  counts.set(app.database, { at: now, n })
  return n.catch((error) => {
    counts.delete(app.database)
    throw error
  })
}

async function count({ read }: App): Promise<number> {
  let sum = 0
  for (let last = 0; ; await setImmediate()) {
    const part = await read
      .selectFrom((eb) =>
        eb
          .selectFrom('subscription')
          .select(['id', 'state'])
          .where('id', '>', last)
          .orderBy('id')
          .limit(STEP)
          .as('part'),
      )
      .select(({ fn, cast, eb }) => [
        fn.max('id').as('last'),
        cast<number>(fn.sum(eb.case().when('state', '=', 'active').then(1).else(0).end()), 'integer').as('active'),
      ])
      .executeTakeFirstOrThrow()
    if (part.last === null) return sum
    sum += part.active
    last = part.last
  }
}
