import { sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { bounded, type Condition, stretches } from '../subscribers/index.ts'
import type { Beside } from './condition.ts'
import { type Rule, tests } from './rule.ts'
import { condition, type Meant } from './segment.ts'

/** How many readers a segment has, and how many of them we may write to: who is suppressed or pausing is not. */
export type Counted = { readers: number; writable: number }

/** Nobody else waits meanwhile; stops (by throwing) when asked to. */
export async function count(app: Pick<App, 'read' | 'now'>, segment: Meant, signal?: AbortSignal): Promise<Counted> {
  signal?.throwIfAborted()
  const now = instant(app.now())
  const counted = await (kindOf(app.read) === 'sqlite' ? inSteps : atOnce)(app, segment, now, signal)
  signal?.throwIfAborted()
  return counted
}

const MEMORY = 32 // MB of one process for each that it joins, if it joins one
const LEAST_MEMORY = 4

/** By one statement, which PostgreSQL may share among several of its processes: it reads each table once, in its order. */
async function atOnce({ read }: Pick<App, 'read'>, segment: Meant, now: Instant): Promise<Counted> {
  const beside: Beside = []
  const only = await condition(read, segment, now, { beside })
  const from = asksSubscriber(segment) ? WITH_SUBSCRIBER : WITHOUT
  const writable = sql`barred.id is null and (paused_until is null or paused_until <= ${now})`
  const memory = Math.max(LEAST_MEMORY, Math.floor(MEMORY / testsOf(segment).length))
  return read.transaction().execute(async (db) => {
    await sql`set local work_mem = ${sql.lit(`${memory}MB`)}`.execute(db)
    const { rows } = await sql<Counted>`
      select cast(count(*) as integer) as readers, cast(count(*) filter (where ${writable}) as integer) as writable
      from subscription ${from} ${sql.join(beside, sql` `)}
      where subscription.list_id = ${segment.list_id} and subscription.state = 'active' and ${only}`.execute(db)
    return rows[0]!
  })
}

const WITH_SUBSCRIBER = sql`join subscriber on subscriber.id = subscription.subscriber_id
  left join suppression as barred on barred.address_hash = subscriber.address_hash`

/** From the suppressions' side: they are fewer than the readers. */
const WITHOUT = sql`left join (
    select subscriber.id from suppression join subscriber on subscriber.address_hash = suppression.address_hash
  ) as barred on barred.id = subscription.subscriber_id`

/** In small steps: SQLite works in this very thread. */
async function inSteps(
  app: Pick<App, 'read'>,
  segment: Meant,
  now: Instant,
  signal: AbortSignal | undefined,
): Promise<Counted> {
  const counted = { readers: 0, writable: 0 }
  await stretches(app.read, 'subscriber', signal, async (above, upTo) => {
    const only = await condition(app.read, segment, now, { among: { above, upTo } })
    const rows = await members(app.read, segment, only)
      .where('subscription.subscriber_id', '>', above)
      .where('subscription.subscriber_id', '<=', upTo)
      .$if(asksSubscriber(segment), (query) => query.where(bounded(app.read, above, upTo + 1)))
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
  counted.writable -= await suppressed(app.read, segment, now, signal)
  return counted
}

function members(db: Db, segment: Meant, only: Condition) {
  const active = db
    .selectFrom('subscription')
    .where('subscription.list_id', '=', segment.list_id)
    .where('subscription.state', '=', 'active') // who was erased is not
  const joined = active.innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
  // Joined only where the rule asks for it: it takes twice as long.
  return (asksSubscriber(segment) ? joined : (active as unknown as typeof joined)).where(only)
}

function asksSubscriber(segment: Meant): boolean {
  return testsOf(segment).some((one) => 'field' in one || 'domain' in one)
}

function testsOf({ rule }: Meant) {
  return tests(JSON.parse(rule) as Rule)
}

/** From the suppressions' side: they are fewer than the readers. Those who pause as well are counted out already. */
async function suppressed(db: Db, segment: Meant, now: Instant, signal?: AbortSignal): Promise<number> {
  const only = await condition(db, segment, now)
  let n = 0
  await stretches(db, 'suppression', signal, async (above, upTo) => {
    const ids = sql<number>`(select subscriber.id from suppression
      join subscriber on subscriber.address_hash = suppression.address_hash
      where suppression.id > ${above} and suppression.id <= ${upTo})`
    const row = await members(db, segment, only)
      .where('subscription.subscriber_id', 'in', ids)
      .where(({ eb, or }) => or([eb('paused_until', 'is', null), eb('paused_until', '<=', now)]))
      .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
      .executeTakeFirstOrThrow()
    n += row.n
  })
  return n
}
