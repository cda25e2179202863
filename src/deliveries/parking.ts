import { sql } from 'kysely'
import { parkedFor, waiting } from '../../db/claims.ts'
import { kindOf } from '../../db/database.ts'
import { type Instant, later } from '../../db/instant.ts'
import type { Database } from '../../db/open.ts'
import { plain, rowsOf } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import { refusalIn } from '../bounces/refusal.ts'
import type { Relay } from '../config.ts'
import * as brake from './brake.ts'
import { claimDeliveries, frozen } from './claim.ts'
import * as pauses from './domain-pauses.ts'
import { domainOf, granted, mostInHand, rateOf } from './domain-rates.ts'
import * as tally from './tally.ts'
import type { Task } from './task.ts'

/*
 * A letter whose domain has no turn now is parked: it waits under the name of its domain, where whoever looks for what is due
 * does not pass it again and again. So nine letters in ten to one domain hold up nobody, and no process has to remember them.
 */

/** Later than any day; those parked first stand first. */
const SOMEDAY = 1e15 as Instant
const FOREVER = 9e15 as Instant

const BEHIND = 86_400_000 // ms that others are let pass
const AT_ONCE = 30 // domains in one transaction
const AGAIN = 1000 // ms until a domain is looked at again of which only held editions have letters

/** Parks letters that this sender holds and will not send now; those that it no longer holds stay where they are. Answers how many. */
export async function park(db: Db, senderId: string, tasks: Task[], now: Instant): Promise<number> {
  const rows = tasks.flatMap((task) =>
    task.table === 'delivery'
      ? [[task.edition_id, task.subscriber_id, domainOf(task.address), later(SOMEDAY, now + behind(task))]]
      : [],
  )
  if (rows.length === 0) return 0
  const kind = kindOf(db)
  await announce(db, [...new Set(rows.map(([, , domain]) => domain as string))], now)
  const { rows: parked } = await sql<{ edition_id: number; state: string }>`
    with one (edition_id, subscriber_id, domain, due_at) as (${rowsOf(kind, ['whole', 'whole', 'word', 'whole'], rows)})
    update delivery set sender_id = null, domain = one.domain, due_at = one.due_at,
      state = case when doubted_at is not null then 'uncertain' when attempts > 0 then 'deferred' else 'queued' end
    from one where delivery.edition_id = one.edition_id and delivery.subscriber_id = one.subscriber_id
      and delivery.state = 'claimed' and ${plain(kind, 'delivery.sender_id')} = ${senderId}
    returning delivery.edition_id, delivery.state`.execute(db)
  const moves: tally.Moves = new Map()
  for (const { edition_id, state } of parked) tally.note(moves, edition_id, 'claimed', state)
  await tally.move(db, moves)
  return parked.length
}

/** A letter that its domain refused for who we are lets others try first: it may be its reader's fault after all. */
function behind({ reply }: Task): number {
  return reply !== null && refusalIn(reply) !== undefined ? BEHIND : 0
}

/** Notes that letters wait for these domains: before they do, and in one order, so that two senders never wait for each other. */
async function announce(db: Db, domains: string[], now: Instant): Promise<void> {
  const names = rowsOf(
    kindOf(db),
    ['word'],
    domains.sort().map((domain) => [domain]),
  )
  await sql`
    with one (domain) as (${names})
    insert into recipient_domain (domain, parked_at) select domain, cast(${now} as bigint) from one where true order by domain
    on conflict (domain) do update set parked_at = excluded.parked_at`.execute(db)
}

/** By domain: how many letters want to go, of which `atOnce` do so whether or not it is their turn. */
export type Wishes = Map<string, { n: number; atOnce: number }>

/** Takes as many turns as there are letters for each domain, or as it has now. Answers how many for each. */
export async function takeTurns(
  db: Db,
  relay: Pick<Relay, 'domains'>,
  wanted: Wishes,
  now: number,
): Promise<Map<string, number>> {
  const kind = kindOf(db)
  const domains = [...wanted.keys()].sort()
  const given = new Map<string, number>()
  if (domains.length === 0) return given
  const names = rowsOf(
    kind,
    ['word'],
    domains.map((domain) => [domain]),
  )
  const { rows } = await sql<{ domain: string; next_at: number }>`
    with one (domain) as (${names})
    insert into recipient_domain (domain) select domain from one where true order by domain
    on conflict (domain) do update set domain = excluded.domain returning domain, next_at`.execute(db)
  const moved: [string, number][] = []
  for (const { domain, next_at } of rows) {
    const rate = rateOf(relay, domain)
    const { n, atOnce } = wanted.get(domain)!
    const turns = granted(rate, next_at, n, now)
    // What goes without a turn takes one from those after it.
    const more = Math.max(0, atOnce - turns.n)
    given.set(domain, turns.n + more)
    if (rate !== undefined && turns.n + more > 0) moved.push([domain, Math.round(turns.next_at + (more * 1000) / rate)])
  }
  await moveTurns(db, moved)
  return given
}

async function moveTurns(db: Db, moved: [string, number][]): Promise<void> {
  if (moved.length === 0) return
  await sql`
    with one (domain, next_at) as (${rowsOf(kindOf(db), ['word', 'whole'], moved)})
    update recipient_domain set next_at = one.next_at from one where recipient_domain.domain = one.domain`.execute(db)
}

export type Called = { tasks: Task[]; skipped: number; trials: Task[] }
type Caller = {
  database: Database
  senderId: string
  relay: Pick<Relay, 'domains'>
  now: Instant
  limit: number
  careful: boolean
  /** How many letters of a domain this sender holds already. */
  inHand: (domain: string) => number
}

/** Takes letters that are parked for domains whose turn has come, or that are to be tried again. */
export async function call(caller: Caller): Promise<Called> {
  if (!(await isAnyDue(caller))) return { tasks: [], skipped: 0, trials: [] }
  return caller.database.db.transaction().execute(async (db) => {
    const plans: Plan[] = []
    for (const row of await due(db, caller)) plans.push(await planned(db, caller, row))
    const skipped = await callLetters(db, caller, plans)
    for (const plan of plans) await keep(db, caller, plan)
    return {
      tasks: plans.flatMap((plan) => plan.tasks),
      trials: plans.flatMap((plan) => (plan.told ? plan.tasks : [])),
      skipped,
    }
  })
}

type DueDomain = Awaited<ReturnType<typeof due>>[number]

/** How many letters a domain may have now (`n`), and those that it gets; `told` where it is only tried again. */
type Plan = {
  domain: string
  next_at: number
  at: number
  n: number
  told: pauses.Told | undefined
  tasks: Task[]
  skipped: number
}

/** Looks before it is called, as a transaction writes: not for domains whose letters are all in editions that are held. */
async function isAnyDue(caller: Caller): Promise<boolean> {
  const { read } = caller.database
  const row = await dueDomains(read, caller)
    .select('domain')
    .where(({ or, not, exists }) =>
      or([exists(editionsFor(read, 'frozen')), not(exists(editionsFor(read, 'composing', 'held')))]),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The editions in these states with letters that are parked for the domain. */
function editionsFor(db: Db, ...states: string[]) {
  return db
    .selectFrom('edition')
    .select('edition.id')
    .where('edition.state', 'in', states)
    .where(isWaiting(sql.ref('recipient_domain.domain')))
}

/** Domains that letters wait for and that may have some now; with their rows' locks, so that two senders share the turns. */
async function due(db: Db, caller: Caller) {
  const query = dueDomains(db, caller).selectAll().orderBy('next_at').limit(AT_ONCE)
  return (caller.database.kind === 'postgres' ? query.forUpdate().skipLocked() : query).execute()
}

function dueDomains(db: Db, { relay, now }: Caller) {
  const limited = [...(relay.domains?.keys() ?? [])]
  return db
    .selectFrom('recipient_domain')
    .where('parked_at', 'is not', null)
    .$if(limited.length > 0, (query) =>
      query.where(({ or, eb }) =>
        or([
          eb('next_at', '<=', Date.now() as Instant),
          ...(limited.includes('*') ? [] : [eb('domain', 'not in', limited)]), // its rate was taken away
        ]),
      ),
    )
    .where(({ or, eb }) => or([eb('reason', 'is', null), eb('paused_until', '<=', now)]))
}

async function planned(db: Db, { relay, inHand, limit }: Caller, row: DueDomain): Promise<Plan> {
  const { domain, next_at } = row
  const isOver = row.told === 'bounce' && row.tried_at !== null
  if (isOver) await pauses.trust(db, domain) // nothing came back from those that were let go to see
  const told = row.reason === null || isOver ? undefined : (row.told as pauses.Told)
  const rate = rateOf(relay, domain)
  const most = rate === undefined ? limit : Math.max(0, mostInHand(rate) - inHand(domain))
  const at = Date.now()
  const n = told ? pauses.TRIAL[told] : granted(rate, next_at, most, at).n
  return { domain, next_at, at, n, told, tasks: [], skipped: 0 }
}

/** Edition by edition, in one order, so that two senders never wait for each other. Answers how many letters are not to be sent. */
async function callLetters(db: Db, caller: Caller, plans: Plan[]): Promise<number> {
  const { database, senderId, now, careful } = caller
  let left = caller.limit
  for (const editionId of (await frozen(db)).sort((a, b) => a - b)) {
    let allowed = careful ? await brake.allowance(db, editionId, now) : left
    for (const plan of plans) {
      const limit = Math.min(plan.n - plan.tasks.length, left, allowed)
      if (limit <= 0) continue
      const wanted = { editionId, filter: parkedFor(plan.domain), senderId, now, limit, until: FOREVER }
      const { tasks, skipped } = await claimDeliveries(db, database.kind, wanted)
      await unpark(db, editionId, tasks, now)
      plan.tasks.push(...tasks.map((task) => ({ ...task, due_at: now })))
      plan.skipped += skipped
      left -= tasks.length
      allowed -= tasks.length
    }
  }
  return plans.reduce((sum, plan) => sum + plan.skipped, 0)
}

async function keep(db: Db, { relay, now }: Caller, plan: Plan): Promise<void> {
  const { domain, tasks, told, n, next_at, at } = plan
  if (n === 0) return
  if (tasks.length === 0) return plan.skipped > 0 ? undefined : nothingCame(db, domain)
  if (told) await pauses.tryAgain(db, domain, now)
  const rate = rateOf(relay, domain)
  if (rate !== undefined) await moveTurns(db, [[domain, granted(rate, next_at, tasks.length, at).next_at]])
}

async function unpark(db: Db, editionId: number, tasks: Task[], now: Instant): Promise<void> {
  const readers = tasks.map((task) => task.subscriber_id)
  if (readers.length === 0) return
  await db
    .updateTable('delivery')
    .set({ domain: null, due_at: now })
    .where('edition_id', '=', editionId)
    .where('subscriber_id', 'in', readers)
    .execute()
}

/** Nothing waits for a domain any more; or only in editions that are held, and it is soon looked at again. */
async function nothingCame(db: Db, domain: string): Promise<void> {
  const open = await db
    .selectFrom('edition')
    .select('id')
    .where('state', 'in', ['composing', 'frozen', 'held'])
    .where(isWaiting(domain))
    .limit(1)
    .executeTakeFirst()
  await db
    .updateTable('recipient_domain')
    .set(open ? { next_at: (Date.now() + AGAIN) as Instant } : { parked_at: null })
    .where('domain', '=', domain)
    .execute()
}

/** Whether an edition has letters that are parked for a domain. */
function isWaiting(domain: unknown) {
  return sql<boolean>`exists (select 1 from delivery where delivery.edition_id = edition.id
    and delivery.domain = ${domain} and ${waiting('delivery')})`
}

/** Whether letters of an edition wait that should have gone: due by now, or the turn of their domain came before `since` and nobody took it. */
export async function standsStill(db: Db, editionId: number, now: Instant, since: Instant): Promise<boolean> {
  const waits = db
    .selectFrom('delivery')
    .select('edition_id')
    .where('edition_id', '=', editionId)
    .where(waiting('delivery'))
  const due = await waits.where('state', '=', 'queued').where('due_at', '<=', now).limit(1).executeTakeFirst()
  if (due) return true
  const missed = await db
    .selectFrom('recipient_domain')
    .select('domain')
    .where('parked_at', '<', since)
    .where('reason', 'is', null)
    .where('next_at', '<', (Date.now() - (now - since)) as Instant) // turns go by this machine's clock
    .where(({ exists }) => exists(waits.where(sql<boolean>`delivery.domain = recipient_domain.domain`)))
    .limit(1)
    .executeTakeFirst()
  return missed !== undefined
}

/** When the next of the parked letters that may be sent has its turn: `turn_at` by this machine's clock where its domain has but a rate, `due` where that pauses. */
export async function nextParked(db: Db): Promise<{ turn_at?: number; due?: Instant }> {
  const rows = await db
    .selectFrom('recipient_domain')
    .select(['next_at', 'paused_until', 'reason'])
    .where('parked_at', 'is not', null)
    .where(({ exists }) => exists(editionsFor(db, 'frozen')))
    .execute()
  const turns = rows.filter((row) => row.reason === null).map((row) => row.next_at)
  const ends = rows.filter((row) => row.reason !== null).map((row) => row.paused_until ?? (0 as Instant))
  return {
    ...(turns.length > 0 && { turn_at: Math.min(...turns) }),
    ...(ends.length > 0 && { due: Math.min(...ends) as Instant }),
  }
}
