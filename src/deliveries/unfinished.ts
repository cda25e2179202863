import { held, waiting } from '../../db/claims.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { nextParked } from './parking.ts'
import * as report from './report.ts'
import { OPEN } from './task.ts'

/** When the next waiting letter is due, or its domain that refused us is tried again; undefined when none waits. */
export async function nextDue(db: Db): Promise<Instant | undefined> {
  const notice = await db
    .selectFrom('notice')
    .select(({ fn }) => fn.min('due_at').as('at'))
    .where(waiting('notice'))
    .executeTakeFirst()
  const delivery = await db
    .selectFrom('delivery')
    .innerJoin('edition', 'edition.id', 'delivery.edition_id')
    .select(({ fn }) => fn.min('delivery.due_at').as('at'))
    .where('edition.state', '=', 'frozen')
    .where(waiting('delivery'))
    .executeTakeFirst()
  const due = [notice?.at, delivery?.at, (await nextParked(db)).due].filter((at) => at !== null && at !== undefined)
  return due.length > 0 ? (Math.min(...due) as Instant) : undefined
}

/** Milliseconds until a letter has its turn that waits for its domain's; undefined when none does. */
export async function nextTurn(db: Db): Promise<number | undefined> {
  const { turn_at } = await nextParked(db)
  return turn_at === undefined ? undefined : Math.max(0, turn_at - Date.now())
}

/** How many letters are not finished, over all editions that may be sent and all notices. */
export async function left(db: Db): Promise<number> {
  const deliveries = await db
    .selectFrom('tally')
    .innerJoin('edition', 'edition.id', 'tally.edition_id')
    .select(({ fn, cast }) => cast<number>(fn.sum('n'), 'integer').as('n'))
    .where('edition.state', '=', 'frozen')
    .where('tally.state', 'in', OPEN)
    .executeTakeFirst()
  const notices = await db
    .selectFrom('notice')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .where(waiting('notice'))
    .executeTakeFirst()
  return (deliveries?.n ?? 0) + (notices?.n ?? 0)
}

/** When all that may be sent now will have gone, where the first relay has a rate; `at` to the minute, in UTC. */
export async function expectedEnd(
  app: Pick<App, 'db' | 'config' | 'now'>,
): Promise<{ letters: number; rate: number; at: string } | undefined> {
  const rate = app.config.relays[0]?.rate
  const letters = rate ? await left(app.db) : 0
  if (!rate || letters === 0) return undefined
  const end = app.now().add({ milliseconds: Math.ceil((letters / rate) * 1000) })
  return { letters, rate, at: end.round('minute').toString().replace(/:00Z$/, 'Z') }
}

/** How many letters wait in editions that are held: for `reason`, or for whatever. */
export async function heldBack(db: Db, reason?: string): Promise<number> {
  const row = await db
    .selectFrom('tally')
    .innerJoin('edition', 'edition.id', 'tally.edition_id')
    .select(({ fn, cast }) => cast<number>(fn.sum('n'), 'integer').as('n'))
    .where('edition.state', '=', 'held')
    .$if(reason !== undefined, (query) => query.where('edition.reason', '=', reason!))
    .where('tally.state', 'in', OPEN)
    .executeTakeFirst()
  return row?.n ?? 0
}

/** Whether another sender, alive or dead, holds letters. */
export async function heldByOthers(db: Db, senderId: string): Promise<boolean> {
  for (const table of ['delivery', 'notice'] as const) {
    const row = await db
      .selectFrom(table)
      .select('sender_id')
      .where(held(table))
      .where('sender_id', '!=', senderId)
      .limit(1)
      .executeTakeFirst()
    if (row) return true
  }
  return false
}

/** Ends the editions of which nothing waits any more; what tells the newsroom of them is due at once. */
export async function finish(db: Db, now: Instant): Promise<void> {
  const rows = await db
    .selectFrom('edition')
    .select('id')
    .where('state', '=', 'frozen')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('tally')
            .select('n')
            .whereRef('tally.edition_id', '=', 'edition.id')
            .where('tally.state', 'in', OPEN)
            .where('n', '>', 0),
        ),
      ),
    )
    .execute()
  for (const { id } of rows) await db.transaction().execute((one) => report.finish(one, id, now))
}
