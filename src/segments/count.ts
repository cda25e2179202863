import { instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { bounded, type Condition, listed, stretches } from '../subscribers/index.ts'
import { condition, type Segment } from './segment.ts'

/** How many readers a segment has, and how many of them we may write to: who is suppressed or pausing is not. */
export type Counted = { readers: number; writable: number }

/** Counts in small steps, so that nobody else waits; stops (by throwing) when asked to. */
export async function count(app: Pick<App, 'read' | 'now'>, segment: Segment, signal?: AbortSignal): Promise<Counted> {
  const now = instant(app.now())
  const only = await condition(app.read, segment, now)
  const counted = { readers: 0, writable: 0 }
  await stretches(app.read, signal, async (above, upTo) => {
    const rows = await members(app.read, segment, only)
      .where('subscription.subscriber_id', '>', above)
      .where('subscription.subscriber_id', '<=', upTo)
      .where(bounded(app.read, above, upTo + 1))
      .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
      .select(({ fn, eb, cast }) =>
        cast<number>(
          fn.coalesce(fn.sum(eb.case().when('paused_until', '>', now).then(1).else(0).end()), eb.val(0)),
          'integer',
        ).as('paused'),
      )
      .executeTakeFirstOrThrow()
    counted.readers += rows.n
    counted.writable += rows.n - rows.paused
  })
  counted.writable -= await suppressed(app.read, segment, only, now, signal)
  return counted
}

function members(db: Db, segment: Segment, only: Condition) {
  return db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .where('subscription.list_id', '=', segment.list_id)
    .where('subscription.state', '=', 'active')
    .where('subscriber.address', 'is not', null)
    .where(only)
}

/** From the suppressions' side: they are fewer than the readers. Those who pause as well are counted out already. */
async function suppressed(
  db: Db,
  segment: Segment,
  only: Condition,
  now: number,
  signal?: AbortSignal,
): Promise<number> {
  let n = 0
  for (let last = 0; ; ) {
    signal?.throwIfAborted()
    const page = await db
      .selectFrom('suppression')
      .leftJoin('subscriber', 'subscriber.address_hash', 'suppression.address_hash')
      .select(['suppression.id', 'subscriber.id as subscriber_id'])
      .where('suppression.id', '>', last)
      .orderBy('suppression.id')
      .limit(1000)
      .execute()
    const ids = page.flatMap((one) => one.subscriber_id ?? [])
    const row = await members(db, segment, only)
      .where('subscription.subscriber_id', 'in', listed(db, ids))
      .where(({ eb, or }) => or([eb('paused_until', 'is', null), eb('paused_until', '<=', now as never)]))
      .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
      .executeTakeFirstOrThrow()
    n += row.n
    if (page.length < 1000) return n
    last = page.at(-1)!.id
    await new Promise((resolve) => setImmediate(resolve))
  }
}
