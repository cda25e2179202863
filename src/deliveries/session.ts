import { held } from '../../db/claims.ts'
import { instant } from '../../db/instant.ts'
import type { Lock } from '../../db/open.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import type { Relay } from '../config.ts'
import * as editions from '../editions.ts'
import * as home from '../home.ts'
import { publicId } from '../ids.ts'
import * as leftLog from '../left-log.ts'
import { Problem } from '../problem.ts'
import { relaysOf } from '../relay-settings.ts'
import { type Bell, openBell } from './bell.ts'
import { careful } from './brake.ts'
import { claim } from './claim.ts'
import { forget } from './domain-pauses.ts'
import { openLanes } from './lanes.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { openDesk } from './letter.ts'
import { type Floor, type Sent, work } from './line.ts'
import { openWatch, openWays, rest, type Way } from './relays.ts'
import { inherit, release } from './release.ts'
import { keyOf, type Task } from './task.ts'

/** One sender at work, alive as long as it holds its lock. */
export type Session = {
  readonly id: string
  readonly sent: Sent
  /** Aborted when it is time to end, when the lock was lost, or when other relays take our letters from now on. */
  readonly over: AbortSignal
  /** Rung when there is something to do. */
  readonly wants: Bell
  /** Sends what is due now, until nothing is, no relay takes anything, nothing can be recorded, or it is over. */
  round(): Promise<'empty' | 'unreachable' | 'broken' | 'over'>
  /** Takes over what dead senders hold. Answers how many letters. */
  inherit(): Promise<number>
  /** The relays that pause, and why. */
  trouble(): { relay: string; reason: string; milliseconds: number }
  /** Why nothing can be recorded. */
  failing(): string | undefined
  /** Lets the letters on the wire end, gives back the others, says goodbye: within 10 s. */
  close(): Promise<void>
}

const WIRE = 7500 // ms for letters on the wire when it is time to end
const WRITE = 1500 // ms for what is left to be recorded then
const STOCK = { least: 20, first: 100, most: 500 } // letters claimed ahead: about a second's worth
const CLAIMS = 20 // one after another, while what they bring is parked
const DRY = 200 // ms until the ledger is asked again while lines still work

export async function openSession(app: App, signal: AbortSignal): Promise<Session> {
  const replaced = openWatch(app) // before they are read
  await home.settle(app)
  const id = publicId()
  const lock = await app.database.hold(id)
  if (!lock) throw new Error('a new sender cannot take its own lock')
  const ways = await introduce(app, id).catch(async (error) => {
    await lock.release()
    throw error
  })
  const end = new AbortController()
  const over = AbortSignal.any([signal, lock.lost, end.signal])
  lock.lost.addEventListener('abort', () => app.log.warn('a sender lost its lock and begins anew', { sender: id }))
  const ledger = announced(app, id, openLedger(app, id))
  const floor: Floor = {
    ...{ senderId: id, end: () => end.abort() },
    ...{
      app,
      ledger,
      lanes: openLanes(app, id, ledger),
      desk: openDesk(app),
      stock: [],
      wants: openBell(),
      filled: openBell(),
      open: new Set(),
      strikes: new Map(),
      ahead: new WeakMap(),
    },
    ...{
      over,
      sent: { submitted: 0, refused: 0, deferred: 0, uncertain: 0, skipped: 0 },
      idle: 0,
      busy: 0,
      low: 0,
      making: false,
    },
  }
  over.addEventListener('abort', () => {
    floor.wants.ring()
    floor.filled.ring()
  })
  const lines = new Set<Promise<void>>()
  const fill = filling(floor, ways)
  return {
    ...{ id, over, sent: floor.sent, wants: floor.wants },
    round: () => round(floor, ways, lines, { fill, replaced }),
    inherit: () => inheritDead(app, id),
    trouble: () => ({
      relay: ways.map((way) => way.relay.name).join(', '),
      reason: [...new Set(ways.map((way) => way.reason()))].join('; '),
      milliseconds: Math.min(...ways.map((way) => way.rest())),
    }),
    failing: () => floor.ledger.failing,
    close: () => close(floor, ways, lines, lock),
  }
}

/** Writes the sender's row, after its lock: whose row has none is dead. */
async function introduce(app: App, id: string): Promise<Way[]> {
  const ways = await openWays(app)
  if (ways.length === 0) throw new Problem('no-relay') // taken away in this moment
  await forget(app)
  await app.db
    .insertInto('sender')
    .values({ id, started_at: instant(app.now()) })
    .execute()
  return ways
}

type Fill = () => Promise<'some' | 'none' | 'later' | 'broken'>
type Replaced = () => Promise<boolean>

async function round(
  floor: Floor,
  ways: Way[],
  lines: Set<Promise<void>>,
  { fill, replaced }: { fill: Fill; replaced: Replaced },
): Promise<'empty' | 'unreachable' | 'broken' | 'over'> {
  for (;;) {
    if (!floor.over.aborted && (await replaced())) {
      floor.app.log.info('other relays take the letters', { relays: relaysOf(floor.app).map(({ name }) => name) })
      floor.end()
    }
    if (floor.over.aborted) return 'over'
    const way = ways.find((way) => !way.paused())
    if (!way) {
      if (lines.size > 0) {
        await floor.wants.wait(DRY) // for their letters on the wire; one that is not answered must not hold up an end
        continue
      }
      await giveBack(floor)
      return 'unreachable'
    }
    const got = floor.ledger.failing && floor.stock.length > 0 ? 'broken' : await fill()
    if (got === 'none' && floor.stock.length === 0 && floor.busy === 0 && (await nothingElse(floor, fill)))
      return 'empty'
    if (await replaced()) continue // while it claimed: what it got is for the others
    if (floor.stock.length > 0) floor.filled.ring()
    for (let wanted = floor.stock.length - floor.idle; wanted > 0 && way.room() > 0; wanted--) {
      const line = work(floor, way)
        .catch((error) => floor.app.log.error('a line failed', { error }))
        .finally(() => {
          lines.delete(line)
          floor.wants.ring()
        })
      lines.add(line)
    }
    if (got === 'broken') return 'broken' // a line or two go on asking for a mark
    await floor.wants.wait(DRY)
  }
}

/** What the last answers brought back may be due at once: it is asked for again when they are written. */
async function nothingElse(floor: Floor, fill: Fill): Promise<boolean> {
  await floor.ledger.settle(WRITE)
  return (await fill()) === 'none' && floor.stock.length === 0
}

/** Claims about as much as the lines send in a second, when half of it is gone. */
function filling(floor: Floor, ways: Way[]): Fill {
  const { app, stock, sent } = floor
  const most = mostAhead(app)
  let limit = Math.min(STOCK.first, most)
  floor.low = Math.floor(limit / 2)
  let dry = -Infinity
  let since = performance.now()
  let done = 0
  return async () => {
    try {
      await callIn(floor, currentOf(ways).relay)
    } catch (error) {
      if (error instanceof Problem) throw error
      app.log.error('letters that waited for their domain cannot be claimed', { error })
      return 'broken'
    }
    if (stock.length > floor.low) return 'some'
    if (stock.length + floor.busy > 0 && performance.now() - dry < DRY) return 'later'
    const finished = sent.submitted + sent.refused
    const seconds = (performance.now() - since) / 1000
    if (seconds > 0.2 && finished > done) {
      limit = Math.min(most, Math.max(STOCK.least, Math.ceil((finished - done) / seconds)))
      floor.low = Math.floor(limit / 2)
      since = performance.now()
      done = finished
    }
    const wanted = limit - stock.length
    if (wanted <= 0) return 'some' // the limit has just shrunk
    try {
      const { tasks, skipped, isDry, found } = await gather(floor, currentOf(ways).relay, wanted)
      sent.skipped += skipped
      if (isDry) dry = performance.now()
      await prepare(floor, tasks)
      const notices = tasks.filter((task) => task.table === 'notice')
      stock.unshift(...notices) // somebody waits for these
      // A letter that broke a line comes last. After a pause it comes first, every other time: when it is taken now, the relay
      // works again; when it never is, it must not stand before all others.
      const order = ways.some((way) => way.pauses() % 2 === 1) ? -1 : 1
      stock.push(
        ...tasks
          .filter((task) => task.table !== 'notice')
          .sort((a, b) => order * (strikesOf(floor, a) - strikesOf(floor, b))),
      )
      return found > 0 ? 'some' : 'none'
    } catch (error) {
      if (error instanceof Problem) throw error
      app.log.error('letters cannot be claimed', { error })
      return 'broken'
    }
  }
}

/** The relay that letters go to now. */
function currentOf(ways: Way[]): Way {
  return ways.find((way) => !way.paused()) ?? ways[0]!
}

/** What was waiting for its domain goes first: it has waited long enough. */
async function callIn(floor: Floor, relay: Relay): Promise<void> {
  const { lanes, stock, sent } = floor
  const { tasks, skipped } = await lanes.call(relay, stock, STOCK.most - stock.length)
  sent.skipped += skipped
  if (tasks.length === 0) return
  await prepare(floor, tasks)
  stock.unshift(...tasks)
}

/**
 * Claims until there are as many letters as wanted that may go now. Mostly that is one claim; where one domain's letters stand
 * before all others, they are parked on the way. `found`: how many were seen at all.
 */
async function gather(floor: Floor, relay: Relay, wanted: number) {
  const { app, lanes, senderId } = floor
  const got = { tasks: [] as Task[], skipped: 0, found: 0, isDry: false }
  for (let n = 0; n < CLAIMS && got.tasks.length + got.skipped < wanted && !got.isDry; n++) {
    const limit = n === 0 ? wanted : STOCK.most
    const claimed = claim(app.database, senderId, instant(app.now()), limit, careful(app))
    const { tasks, skipped } = await claimed.catch((error) => {
      if (got.found === 0) throw error
      return { tasks: [], skipped: 0 } // what is claimed already is sent; the next claim says what is amiss
    })
    got.tasks.push(...(await lanes.admit(relay, tasks, wanted - got.tasks.length)))
    got.skipped += skipped
    got.found += tasks.length + skipped
    got.isDry = tasks.length + skipped < limit
  }
  return got
}

/**
 * The ledger, which before an edition's first mark writes down beside the database that this sender begins with it. Where
 * that cannot be written no mark is given, as where the ledger itself cannot: a restored database would know nothing of it.
 */
function announced(app: App, sender: string, ledger: Ledger): Ledger {
  const begun = new Map<number, Promise<boolean>>()
  let failing: string | undefined
  async function begin(id: number): Promise<boolean> {
    try {
      const told = await editions.begun(app.db, id)
      const at = instant(app.now())
      await home.noteLog(app.db, await leftLog.announce(app, { at, what: 'sending', sender, ...told }), at)
      failing = undefined
      return true
    } catch (error) {
      if (!failing) app.log.error('no edition is begun: that cannot be written down', { error })
      failing = (error as Error).message
      begun.delete(id) // whoever asks again finds out when it can
      return false
    }
  }
  async function mayBegin(id: number): Promise<boolean> {
    const known = begun.get(id) ?? begin(id)
    begun.set(id, known)
    return known
  }
  return {
    mark: async (task) =>
      task.table === 'notice' || (await mayBegin(task.edition_id)) ? ledger.mark(task) : ('unable' as const),
    record: ledger.record,
    get failing() {
      return failing ?? ledger.failing
    },
    close: ledger.close,
    settle: ledger.settle,
  }
}

/** Without a sender nothing can be sent: what was claimed goes back before that is said. */
async function prepare(floor: Floor, tasks: Task[]): Promise<void> {
  try {
    await floor.desk.prepare(tasks)
  } catch (error) {
    floor.stock.push(...tasks)
    await giveBack(floor)
    throw error
  }
}

/** A second's worth where the relays have a rate, so that a confirmation does not wait behind more. */
function mostAhead(app: App): number {
  const rates = relaysOf(app).map((relay) => relay.rate ?? STOCK.most)
  return Math.min(STOCK.most, Math.max(2, Math.ceil(Math.max(...rates))))
}

function strikesOf({ strikes }: Floor, task: Task): number {
  return strikes.get(keyOf(task)) ?? 0
}

/** What was claimed and cannot be sent now waits again, for whoever can; first it is written that it is not on the wire. */
async function giveBack(floor: Floor): Promise<void> {
  if (!(await floor.ledger.settle(WRITE))) return
  const tasks = floor.stock.splice(0)
  if (tasks.length === 0) return
  try {
    await floor.app.db.transaction().execute((db) => release(db, floor.senderId, tasks))
  } catch (error) {
    floor.stock.push(...tasks)
    floor.app.log.error('letters cannot be given back', { error })
  }
}

async function inheritDead(app: App, senderId: string): Promise<number> {
  let letters = 0
  for (const id of await otherSenders(app.db, senderId)) {
    const lock = await app.database.hold(id)
    if (!lock) continue // it lives
    try {
      const { released, doubted } = await app.db.transaction().execute((db) => inherit(db, id, instant(app.now())))
      letters += released + doubted
      if (released + doubted > 0)
        app.log.warn('a sender had died: its letters are taken over', { sender: id, released, doubted })
    } finally {
      await lock.release()
    }
  }
  return letters
}

/** All that there are, and those that only a letter knows of. */
async function otherSenders(db: Db, senderId: string): Promise<Set<string>> {
  const ids = new Set((await db.selectFrom('sender').select('id').execute()).map((row) => row.id))
  for (const table of ['delivery', 'notice'] as const) {
    const holders = await db.selectFrom(table).select('sender_id').distinct().where(held(table)).execute()
    for (const { sender_id } of holders) if (sender_id !== null) ids.add(sender_id)
  }
  ids.delete(senderId)
  return ids
}

async function close(floor: Floor, ways: Way[], lines: Set<Promise<void>>, lock: Lock): Promise<void> {
  const { app, ledger, open, senderId } = floor
  floor.end()
  const late = new AbortController()
  const ended = Promise.all(lines).then(() => late.abort())
  await rest(WIRE, late.signal)
  for (const connection of open) connection.close()
  await ended
  await Promise.race([Promise.all([floor.lanes.noted(), ...ways.map((way) => way.close())]), rest(WRITE, lock.lost)])
  if (await ledger.settle(WRITE)) {
    await app.db
      .transaction()
      .execute(async (db) => {
        await release(db, senderId)
        await db.deleteFrom('sender').where('id', '=', senderId).execute()
      })
      .catch((error) => app.log.error('a sender leaves letters behind: the next one takes them over', { error }))
  }
  ledger.close()
  await lock.release().catch(() => {}) // a lost one is released already
}
