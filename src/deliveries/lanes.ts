import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { refusalIn } from '../bounces/refusal.ts'
import type { Relay } from '../config.ts'
import type { Answer } from '../mail.ts'
import { careful } from './brake.ts'
import { passed, pause } from './domain-pauses.ts'
import { domainOf, rateOf } from './domain-rates.ts'
import type { Ledger } from './ledger.ts'
import { call, park, takeTurns, type Wishes } from './parking.ts'
import { release } from './release.ts'
import type { Task } from './task.ts'

/**
 * The letters of one sender by the domains they go to: who has a rate gets them by turns, who refuses us none. Where no
 * domain has a rate and none refuses us, this is one short look into the database now and then.
 */
export type Lanes = {
  /** Of letters just claimed those that may go now, at most `room`; the others wait for their domain, or as before. */
  admit(relay: Relay, tasks: Task[], room: number): Promise<Task[]>
  /** Claims what was waiting for its domain and may go now; `stock` is what we hold already. */
  call(relay: Relay, stock: readonly Task[], limit: number): Promise<{ tasks: Task[]; skipped: number }>
  /** Whether a letter's domain refuses us; if so the letter will wait for that, and is in our hands no more. */
  turnsAway(task: Task): boolean
  /** Takes note of an answer: whether the letter is to wait for its domain, or to be tried again later though it was refused. */
  hear(task: Task, answer: Answer): Heard
  /** Waits until what was heard is written. */
  noted(): Promise<void>
}

/** `wait`: they refuse us, not this reader. `later`: they do so again, though they take others; or somebody waits for it. */
export type Heard = 'wait' | 'later' | undefined

const LOOK = 250 // ms between looks at who refuses us, and for whom letters wait
const CALL = 50 // ms between calls of those that wait
const WRITE = 1500 // ms for the ledger to write what became of them
const IN_A_ROW = 3 // refusals that may be of us, with nothing taken in between
const DOUBTED = 1000 // domains for which that is counted

export function openLanes(app: App, senderId: string, ledger: Ledger): Lanes {
  const refusing = new Set<string>()
  const unwritten = new Set<string>() // those of them that the database does not know yet
  const doubts = new Map<string, number>()
  const trials = new WeakSet<Task>()
  const away = new Set<Task>() // to be parked
  let waits = false // whether letters wait for domains
  let lookedAt = -Infinity
  let calledAt = -Infinity
  let noting: Promise<unknown> = Promise.resolve()

  async function look(): Promise<void> {
    if (performance.now() - lookedAt < LOOK) return
    await noting
    const rows = await app.db
      .selectFrom('recipient_domain')
      .select(['domain', 'parked_at', 'reason'])
      .where(({ or, eb }) => or([eb('reason', 'is not', null), eb('parked_at', 'is not', null)]))
      .execute()
    lookedAt = performance.now()
    waits = rows.some((row) => row.parked_at !== null)
    refusing.clear()
    for (const row of rows) if (row.reason !== null) refusing.add(row.domain)
    for (const domain of unwritten) refusing.add(domain)
  }
  function note(work: Promise<unknown>): void {
    const written = work.catch((error) => app.log.error('a domain’s answer is not noted', { error }))
    noting = Promise.all([noting, written])
  }
  async function putAway(): Promise<void> {
    if (away.size === 0 || !(await ledger.settle(WRITE))) return
    const tasks = [...away]
    await app.db.transaction().execute((db) => park(db, senderId, tasks, instant(app.now())))
    for (const task of tasks) away.delete(task)
    waits = true
  }
  async function sorted(relay: Relay, tasks: Task[], room: number): Promise<Task[]> {
    return app.db.transaction().execute(async (db) => {
      const given = await takeTurns(db, relay, wishes(relay, tasks, refusing), Date.now())
      const { go, wait } = parted(tasks, given)
      await park(db, senderId, wait, instant(app.now()))
      if (wait.length > 0) waits = true
      const excess = go.slice(room)
      if (excess.length > 0) await release(db, senderId, excess)
      return go.slice(0, room)
    })
  }
  /** Whether a refusal is of us; one that says so half is, when others before it said the same. */
  function isOfUs(domain: string, words: string): boolean {
    const refusal = refusalIn(words)
    if (refusal !== 'perhaps') return refusal === 'us'
    const times = (doubts.get(domain) ?? 0) + 1
    if (times >= IN_A_ROW || refusing.has(domain)) return true
    if (doubts.size < DOUBTED) doubts.set(domain, times)
    return false
  }
  return {
    async admit(relay, tasks, room) {
      if (tasks.length === 0) return tasks
      await look()
      if (refusing.size === 0 && !relay.domains && tasks.length <= room) return tasks
      try {
        return await sorted(relay, tasks, room)
      } catch (error) {
        app.log.error('letters cannot be sorted by their domains', { error })
        for (const task of tasks) if (task.table === 'delivery') away.add(task)
        return tasks.filter((task) => task.table === 'notice')
      }
    },
    async call(relay, stock, limit) {
      await look()
      await putAway()
      if (!waits || limit <= 0 || performance.now() - calledAt < CALL) return { tasks: [], skipped: 0 }
      const held = Map.groupBy(stock, (task) => domainOf(task.address))
      const { trials: tried, ...called } = await call({
        ...{ database: app.database, senderId, relay, now: instant(app.now()), limit, careful: careful(app) },
        inHand: (domain) => held.get(domain)?.length ?? 0,
      })
      calledAt = performance.now()
      for (const task of tried) trials.add(task)
      return called
    },
    turnsAway(task) {
      if (refusing.size === 0 || task.table === 'notice' || trials.has(task)) return false
      if (!refusing.has(domainOf(task.address))) return false
      away.add(task)
      return true
    },
    hear(task, answer) {
      const { kind, reply } = answer
      if (kind === 'accepted') {
        if (doubts.size > 0) doubts.delete(domainOf(task.address))
        if (trials.has(task)) note(passed(app, domainOf(task.address)))
        return undefined
      }
      if (kind !== 'refused' && kind !== 'deferred') return undefined
      const domain = domainOf(task.address)
      if (!isOfUs(domain, reply)) return undefined
      trials.delete(task)
      doubts.delete(domain)
      // It has been refused so before, and others were taken since: that is no word on us.
      if (!refusing.has(domain) && refusalIn(task.reply ?? '') === 'us') return 'later'
      refusing.add(domain)
      unwritten.add(domain)
      note(pause(app, domain, reply, 'smtp').finally(() => unwritten.delete(domain)))
      return task.table === 'notice' ? 'later' : 'wait'
    },
    noted: async () => void (await noting),
  }
}

/** How many turns each domain is asked for; one that refuses us, for none. */
function wishes(relay: Relay, tasks: Task[], refusing: ReadonlySet<string>): Wishes {
  const wanted: Wishes = new Map()
  for (const task of tasks) {
    const domain = domainOf(task.address)
    if (!refusing.has(domain) && rateOf(relay, domain) === undefined) continue
    const wish = wanted.get(domain) ?? { n: 0, atOnce: 0 }
    if (!refusing.has(domain)) wish.n++
    if (task.table === 'notice') wish.atOnce++
    wanted.set(domain, wish)
  }
  return wanted
}

/** Who goes and who waits: a notice always goes, as somebody waits for it. */
function parted(tasks: Task[], given: Map<string, number>): { go: Task[]; wait: Task[] } {
  const go: Task[] = []
  const wait: Task[] = []
  const left = new Map(given)
  for (const task of tasks.toSorted((a, b) => (a.table === b.table ? 0 : a.table === 'notice' ? -1 : 1))) {
    const domain = domainOf(task.address)
    const turns = left.get(domain)
    if (turns !== undefined) left.set(domain, turns - 1)
    if (task.table === 'notice' || turns === undefined || turns > 0) go.push(task)
    else wait.push(task)
  }
  return { go, wait }
}
