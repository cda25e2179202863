import { held, waiting } from '../../db/claims.ts'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import type { Relay } from '../config.ts'
import { relaysOf } from '../relay-settings.ts'
import { domainOf, rateOf } from './domain-rates.ts'
import { nextParked } from './parking.ts'
import * as report from './report.ts'
import * as tally from './tally.ts'
import { OPEN } from './task.ts'

const CHUNK = 2000 // addresses in one look

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

/** When the next letters of an edition are tried again, where none of it is under way or due before that; undefined otherwise. */
export async function restsUntil(db: Db, editionId: number, now: Instant): Promise<Instant | undefined> {
  const states = await tally.of(db, editionId)
  if (['claimed', 'submitting'].some((state) => states.has(state))) return undefined
  const next = await db
    .selectFrom('delivery')
    .select(['due_at', 'domain'])
    .where('edition_id', '=', editionId)
    .where(waiting('delivery'))
    .orderBy('due_at')
    .limit(1)
    .executeTakeFirst()
  return next && next.domain === null && next.due_at > now ? next.due_at : undefined
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

/** When all will have gone: `at` to the minute, in UTC; `rate` is the relay's; `slowest` is the domain that is last, where one is. */
export type End = {
  letters: number
  rate?: number
  at: string
  slowest?: { domain: string; letters: number; rate: number }
}

/** When all that may be sent now will have gone, where the first relay has a rate, for itself or for domains. */
export async function expectedEnd(app: Pick<App, 'db' | 'config' | 'database' | 'now'>): Promise<End | undefined> {
  const [relay] = relaysOf(app)
  if (!relay?.rate && !relay?.domains) return undefined
  const letters = await left(app.db)
  const slowest = letters > 0 ? await slowestDomain(app.db, relay) : undefined
  if (letters === 0 || (!relay.rate && !slowest)) return undefined
  const own = relay.rate ? letters / relay.rate : 0
  const last = slowest ? slowest.letters / slowest.rate : 0
  const end = app.now().add({ milliseconds: Math.ceil(Math.max(own, last) * 1000) })
  return {
    letters,
    ...(relay.rate && { rate: relay.rate }),
    at: end.round('minute').toString().replace(/:00Z$/, 'Z'),
    ...(slowest && last > own && { slowest }),
  }
}

/** The domain with a rate whose letters take longest: all are counted, a few thousand at a time. */
async function slowestDomain(db: Db, relay: Relay): Promise<End['slowest']> {
  if (!relay.domains) return undefined
  const counts = new Map<string, number>()
  for (const { id } of await db.selectFrom('edition').select('id').where('state', '=', 'frozen').execute()) {
    for await (const address of addresses(db, id)) {
      const domain = domainOf(address)
      if (rateOf(relay, domain) !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + 1)
    }
  }
  const all = [...counts].map(([domain, letters]) => ({ domain, letters, rate: rateOf(relay, domain)! }))
  return all.reduce<End['slowest']>((a, b) => (!a || b.letters / b.rate > a.letters / a.rate ? b : a), undefined)
}

async function* addresses(db: Db, editionId: number): AsyncGenerator<string> {
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('delivery')
      .innerJoin('subscriber', 'subscriber.id', 'delivery.subscriber_id')
      .select(['delivery.subscriber_id', 'subscriber.address'])
      .where('delivery.edition_id', '=', editionId)
      .where('delivery.subscriber_id', '>', after)
      .where('delivery.state', 'in', OPEN)
      .orderBy('delivery.subscriber_id')
      .limit(CHUNK)
      .execute()
    for (const { address } of rows) if (address !== null) yield address
    if (rows.length < CHUNK) return
    after = rows.at(-1)!.subscriber_id
  }
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
