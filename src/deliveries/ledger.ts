import { type RawBuilder, sql } from 'kysely'
import type { Kind } from '../../db/columns.ts'
import { type Instant, instant } from '../../db/instant.ts'
import { packed, plain, rowsIn } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import { standing } from '../../db/standing.ts'
import type { App } from '../app.ts'
import { refusalIn } from '../bounces/refusal.ts'
import * as follows from '../follows.ts'
import { openBell } from './bell.ts'
import { careful, refusedUs, stopWrong } from './brake.ts'
import * as tally from './tally.ts'
import { atRest, keyOf, type Task } from './task.ts'

/** What a letter on the wire became; null is "as before". `claimed` and the waiting states go back to where it came from. */
export type Entry = {
  task: Task
  state: 'submitted' | 'refused' | 'deferred' | 'uncertain' | 'skipped' | 'claimed' | 'queued'
  reason: string | null
  due_at: Instant
  attempts: number
  submitted_at: Instant | null
  doubted_at: Instant | null
  relay_id: number | null
  reply: string | null
}

/** Whether a letter may go: see `mark`. */
export type Mark = 'yes' | 'no' | 'unable'

/**
 * What makes marks durable: all that the connections ask for between two commits goes into one transaction.
 *
 * While it cannot write, nobody gets a mark, so nothing new is sent; what was answered is kept and written as soon as it can.
 * Whoever goes on asking for marks finds out when that is.
 */
export type Ledger = {
  /**
   * Marks the letter as on the wire, durably. `no`: it may not go (held, left, revised, taken over) and has been given back;
   * `unable`: nothing can be written, it is still ours.
   */
  mark(task: Task): Promise<Mark>
  /** Writes what became of a letter on the wire. */
  record(entry: Entry): void
  /** Why marks cannot be written, for as long as that is so. */
  readonly failing: string | undefined
  /** Gives up what could not be written: its rows stay on the wire, and the next sender takes them over in doubt. */
  close(): void
  /** Waits until everything is written; false if that did not succeed in time. */
  settle(milliseconds: number): Promise<boolean>
}

type Wish = { task: Task; answer: (granted: Mark) => void }

const PAUSE = { first: 250, most: 5000 } // ms between attempts to write while the disk is full or the database away
const ROWS = 500 // entries in one commit
const MOST = 10 // ms: a commit may wait for company, as long as the last one took and at most so long

export function openLedger(app: App, senderId: string): Ledger {
  const entries: Entry[] = []
  let marks: Wish[] = []
  let working = false
  let failing: string | undefined
  let pause = 0
  let closed = false
  let wire = 0 // letters with a mark and no record yet
  let took = 0 // ms that the last commit took
  const answered = openBell()

  /** Those on the wire are answered in a moment: most of them share the commit, rather than that each has its own. */
  async function gathered(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const deadline = performance.now() + Math.min(MOST, took)
    while (isAlone() && performance.now() < deadline) await answered.wait(Math.max(1, deadline - performance.now()))
  }
  function isAlone(): boolean {
    return wire > entries.length / 8
  }
  function start(): void {
    if (working) return
    working = true
    void work().finally(() => {
      working = false
      if (entries.length + marks.length > 0 && !closed) start()
    })
  }
  async function work(): Promise<void> {
    await (pause ? new Promise((resolve) => setTimeout(resolve, pause)) : gathered())
    if (closed) return
    const written = entries.slice(0, ROWS)
    const asked = marks
    marks = []
    const from = performance.now()
    try {
      const tasks = asked.map((mark) => mark.task)
      const { granted, stopped } = await app.db
        .transaction()
        .execute((db) => commit(db, { senderId, far: careful(app), now: instant(app.now()) }, written, tasks))
      if (stopped.length > 0)
        app.log.error('an edition is held: too many of its letters are refused', { editions: stopped })
      entries.splice(0, written.length)
      took = performance.now() - from
      wire += granted.size
      if (failing) app.log.info('the ledger writes again', { waiting: entries.length })
      failing = undefined
      pause = 0
      for (const { task, answer } of asked) answer(granted.has(keyOf(task)) ? 'yes' : 'no')
    } catch (error) {
      if (!failing) app.log.error('the ledger cannot be written: sending stops', { error })
      failing = (error as Error).message
      pause = Math.min(PAUSE.most, pause * 2 || PAUSE.first)
      for (const mark of asked) mark.answer('unable')
    }
  }
  return {
    mark: (task) =>
      new Promise((answer) => {
        marks.push({ task, answer })
        start()
      }),
    record(entry) {
      entries.push(entry)
      wire--
      if (!isAlone()) answered.ring()
      start()
    },
    close() {
      closed = true
      for (const mark of marks.splice(0)) mark.answer('unable')
    },
    get failing() {
      return failing
    },
    async settle(milliseconds) {
      const deadline = performance.now() + milliseconds
      while (entries.length > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
      return entries.length === 0
    },
  }
}

type By = { senderId: string; now: Instant; far: boolean }

/** One transaction: what the letters became, then the marks of the next; answers the keys of those that are marked, and the editions that had to be stopped. */
async function commit(
  db: Db,
  { senderId, now, far }: By,
  entries: Entry[],
  asked: Task[],
): Promise<{ granted: Set<string>; stopped: number[] }> {
  const moves: tally.Moves = new Map()
  await write(db, senderId, entries, moves)
  const granted = await grant(db, senderId, asked, moves)
  await tally.move(db, moves)
  if (far) for (const id of editionsOf(entries.filter(isOurs))) await refusedUs(db, id, now)
  const stopped: number[] = []
  for (const id of editionsOf(entries.filter((entry) => entry.state === 'refused')))
    if (await stopWrong(db, id, now, far)) stopped.push(id)
  return { granted, stopped }
}

/** Whether a letter was refused for good, and it is not its reader's doing; one that waits for its domain is claimed. */
function isOurs({ state, reply }: Entry): boolean {
  return ['refused', 'claimed'].includes(state) && /^5/.test(reply ?? '') && refusalIn(reply ?? '') !== undefined
}

function editionsOf(entries: Entry[]): Set<number> {
  return new Set(entries.flatMap(({ task }) => (task.table === 'delivery' ? [task.edition_id] : [])))
}

async function write(db: Db, senderId: string, entries: Entry[], moves: tally.Moves): Promise<void> {
  const deliveries = entries.filter((entry) => entry.task.table === 'delivery')
  const notices = entries.filter((entry) => entry.task.table === 'notice')
  if (notices.length > 0) await set(db, 'notice', senderId, notices)
  if (deliveries.length === 0) return
  const known = new Set(await set(db, 'delivery', senderId, deliveries))
  // Taken over while we were away: a letter that the relay has accepted is nevertheless no longer in doubt for the next.
  const late = deliveries.filter((entry) => !known.has(keyOf(entry.task)) && entry.state === 'submitted')
  const saved = new Set(late.length > 0 ? await set(db, 'doubted', senderId, late) : [])
  for (const entry of deliveries) {
    if (entry.task.table !== 'delivery') continue
    const key = keyOf(entry.task)
    if (known.has(key)) tally.note(moves, entry.task.edition_id, 'submitting', entry.state)
    if (saved.has(key)) tally.note(moves, entry.task.edition_id, 'uncertain', entry.state)
  }
  const unsent = deliveries.filter(
    (entry) => known.has(keyOf(entry.task)) && ['refused', 'skipped'].includes(entry.state),
  )
  for (const { task } of unsent) {
    if (task.table === 'delivery') await follows.untell(db, task.edition_id, [task.subscriber_id])
  }
}

const ENTRY = [
  ...([
    'whole',
    'whole',
    'whole',
    'word',
    'word',
    'whole',
    'whole',
    'word',
    'whole',
    'whole',
    'whole',
    'word',
  ] as const),
]

/** Which row of a table a statement speaks of, in the two numbers of its key. */
type Row = { one: number; two: number }

/** What was on the wire for us; `doubted` is a delivery that somebody took over meanwhile. */
const RECORD = {
  notice: recording('notice', mine('notice', 'submitting')),
  delivery: recording('delivery', mine('delivery', 'submitting')),
  doubted: recording('delivery', () => sql`delivery.state = 'uncertain'`),
}

async function set(db: Db, what: keyof typeof RECORD, sender: string, entries: Entry[]): Promise<string[]> {
  const rows = entries.map(({ task, ...entry }) => [
    ...[first(task), second(task), partOf(task), entry.state, entry.reason, entry.due_at, entry.attempts],
    ...[entry.state === 'claimed' ? sender : null, entry.submitted_at, entry.doubted_at, entry.relay_id, entry.reply],
  ])
  const written = await RECORD[what](db, { rows: packed(rows), sender })
  return written.map((row) => (what === 'notice' ? `n:${row.two}` : `${row.one}:${row.two}`))
}

function recording(table: 'delivery' | 'notice', condition: (kind: Kind) => RawBuilder<unknown>) {
  // Which revision a letter carried is known for sure only now: a newer one may have been made while it was on the wire.
  const carried =
    table === 'delivery'
      ? sql`part_id = case when entry.state = 'submitted' then entry.part_id else delivery.part_id end,`
      : sql``
  return standing<Row, 'rows' | 'sender'>(
    (kind) => sql`
    with entry (one, two, part_id, state, reason, due_at, attempts, sender_id, submitted_at, doubted_at, relay_id, reply)
      as (${rowsIn(kind, ENTRY, 'rows')})
    update ${sql.table(table)} set ${carried} state = entry.state, reason = entry.reason, due_at = entry.due_at, attempts = entry.attempts,
      sender_id = entry.sender_id, submitted_at = entry.submitted_at, doubted_at = entry.doubted_at, relay_id = entry.relay_id, reply = entry.reply
    from entry
    where ${same(table)} and ${condition(kind)}
    returning ${sql.join(keyColumns(table))}`,
  )
}

/** What this sender holds in a state; the name of its id stands for it. */
function mine(table: 'delivery' | 'notice', state: 'claimed' | 'submitting') {
  return (kind: Kind) =>
    sql`${sql.ref(`${table}.state`)} = ${sql.lit(state)} and ${plain(kind, `${table}.sender_id`)} = ${'sender'}`
}

const MARK = { delivery: marking('delivery'), notice: marking('notice') }

/**
 * Marks as on the wire what may still go: claimed by us, with the part we would send, its edition frozen, its reader there.
 * What may not goes back, and the next claim says why.
 */
async function grant(db: Db, sender: string, asked: Task[], moves: tally.Moves): Promise<Set<string>> {
  const granted = new Set<string>()
  for (const table of ['delivery', 'notice'] as const) {
    const tasks = asked.filter((task) => task.table === table)
    if (tasks.length === 0) continue
    const rows = packed(tasks.map((task) => [first(task), second(task), partOf(task)]))
    for (const row of await MARK[table](db, { rows, sender }))
      granted.add(table === 'delivery' ? `${row.one}:${row.two}` : `n:${row.two}`)
  }
  for (const task of asked)
    if (task.table === 'delivery' && granted.has(keyOf(task)))
      tally.note(moves, task.edition_id, 'claimed', 'submitting')
  await giveBack(
    db,
    sender,
    asked.filter((task) => !granted.has(keyOf(task))),
    moves,
  )
  return granted
}

function marking(table: 'delivery' | 'notice') {
  const still =
    table === 'delivery'
      ? sql`delivery.part_id = wish.part_id
          and exists (select 1 from edition join part on part.edition_id = edition.id and part.revision = edition.revision
            where edition.id = delivery.edition_id and part.id = delivery.part_id and edition.state = 'frozen')
          and exists (select 1 from subscription where subscription.id = delivery.subscription_id and subscription.state = 'active')
          and not exists (select 1 from subscriber join suppression on suppression.address_hash = subscriber.address_hash
            where subscriber.id = delivery.subscriber_id)`
      : sql`1 = 1`
  return standing<Row, 'rows' | 'sender'>(
    (kind) => sql`
      with wish (one, two, part_id) as (${rowsIn(kind, ['whole', 'whole', 'whole'], 'rows')})
      update ${sql.table(table)} set state = 'submitting' from wish
      where ${same(table, 'wish')} and ${mine(table, 'claimed')(kind)} and ${still}
      returning ${sql.join(keyColumns(table))}`,
  )
}

async function giveBack(db: Db, senderId: string, tasks: Task[], moves: tally.Moves): Promise<void> {
  for (const task of tasks) {
    const row =
      task.table === 'delivery'
        ? sql`edition_id = ${task.edition_id} and subscriber_id = ${task.subscriber_id}`
        : sql`id = ${task.id}`
    const state = atRest(task)
    const { rows } = await sql`
      update ${sql.table(task.table)} set state = ${state}, sender_id = null
      where ${row} and state = 'claimed' and sender_id = ${senderId} returning state`.execute(db)
    if (rows.length > 0 && task.table === 'delivery') tally.note(moves, task.edition_id, 'claimed', state)
  }
}

function first(task: Task): number {
  return task.table === 'delivery' ? task.edition_id : 0
}

function second(task: Task): number {
  return task.table === 'delivery' ? task.subscriber_id : task.id
}

function partOf(task: Task): number {
  return task.table === 'delivery' ? task.part_id : 0
}

function same(table: 'delivery' | 'notice', values: 'entry' | 'wish' = 'entry'): RawBuilder<unknown> {
  const one = sql.ref(`${values}.one`)
  const two = sql.ref(`${values}.two`)
  return table === 'delivery'
    ? sql`delivery.edition_id = ${one} and delivery.subscriber_id = ${two}`
    : sql`notice.id = ${two}`
}

function keyColumns(table: 'delivery' | 'notice'): RawBuilder<unknown>[] {
  return table === 'delivery'
    ? [sql`delivery.edition_id as one`, sql`delivery.subscriber_id as two`]
    : [sql`0 as one`, sql`notice.id as two`]
}
