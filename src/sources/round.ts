import { setTimeout as sleep } from 'node:timers/promises'
import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import * as hosts from './hosts.ts'
import type { Polled, Source } from './source.ts'
import { turn } from './turn.ts'

/** How a round goes: with `once` nobody is asked twice in it; `onPolled` hears of each turn, with the source as it was before. */
export type Round = { signal: AbortSignal; once?: boolean; onPolled?: (source: Source, polled: Polled) => void }

type Waiting = { id: number; host: string; failures: number }

const AT_ONCE = 7 // not eight: a server may see a connection end only after the next one has begun
const AILING_AT_ONCE = 4
const SETTLING = 10 // ms for that end to be seen
const LOOK = 5000 // ms between looks at what has become due meanwhile
const BUSY = 1000 // ms until a host that another process is asking is tried again
const MOST_TRIES = 25 // a killed process lets go of its host within 20 s

const going = new WeakMap<App['database'], Promise<void>>()

/**
 * Polls what is due, and what becomes due meanwhile: seven sources at once, one of a host, the hosts in turn, and in those
 * the one first that was due first. A source is polled once in a round, or, where it has more to give at once, until it has
 * not. Those that failed the last time have half of the lanes at most: however many hang, the others go on. What another
 * process is asking is left to it; its host's other sources wait until that has ended.
 *
 * A process has one round at a time: who asks for another waits for the end of the one that goes.
 */
export function pollDue(app: App, actor: Actor, round: Round): Promise<void> {
  const running = going.get(app.database)
  if (running !== undefined) return running
  const whole = lanes(app, actor, round).finally(() => going.delete(app.database))
  going.set(app.database, whole)
  return whole
}

/** Asks one source now, whatever its hour, and waits for whoever is asking it or its host at the moment. */
export async function poll(
  app: App,
  actor: Actor,
  source: Source,
  signal = new AbortController().signal,
): Promise<Polled> {
  const hold = await hosts.wait(app, source, signal)
  if (!hold)
    return {
      status: 'error',
      error: signal.aborted ? 'we stopped' : 'somebody else has been asking its host all the time',
    }
  try {
    const now = await app.db.selectFrom('source').selectAll().where('id', '=', source.id).executeTakeFirstOrThrow()
    return await turn(app, actor, now, hold, signal)
  } finally {
    await hold.release()
  }
}

async function lanes(app: App, actor: Actor, round: Round): Promise<void> {
  const queue = openQueue(app)
  const running = new Set<Promise<void>>()
  for (;;) {
    while (running.size < AT_ONCE && !round.signal.aborted) {
      const next = await queue.next()
      if (!next) break
      const lane = one(app, actor, next, round)
        .then((came) => queue.done(next, came === 'again' && round.once ? 'over' : came))
        .finally(() => running.delete(lane))
      running.add(lane)
    }
    if (running.size === 0 && (round.signal.aborted || !queue.postponed())) return
    await Promise.race([...running, sleep(queue.postponed() ? BUSY : LOOK, undefined, { ref: running.size === 0 })])
  }
}

/** How a source left its lane: with more to fetch at once, done for this round, or with its host in another process's hands. */
type Came = 'again' | 'over' | 'busy'

/** One turn of a source, if it is still due and nobody else has it. */
async function one(app: App, actor: Actor, { id }: Waiting, round: Round): Promise<Came> {
  try {
    const before = await read(app, id)
    if (!before) return 'over'
    const hold = await hosts.take(app, before)
    if (!hold) return 'busy'
    try {
      const source = await read(app, id) // as it is now that nobody else has it
      if (!source || source.host !== before.host) return 'over'
      const polled = await turn(app, actor, source, hold, round.signal)
      round.onPolled?.(source, polled)
      return polled.again === true ? 'again' : 'over'
    } finally {
      await sleep(SETTLING)
      await hold.release()
    }
  } catch (error) {
    app.log.error('a source could not be polled', { source: id, error })
    return 'over'
  }
}

function read(app: App, id: number): Promise<Source | undefined> {
  const rows = app.db.selectFrom('source').selectAll().where('id', '=', id)
  return rows.where('due_at', '<=', instant(app.now())).executeTakeFirst()
}

/** What waits to be polled in a round, the hosts in turn. */
function openQueue(app: App) {
  const turns = new Map<string, number>() // of each host, in this round
  const busy = new Map<string, Waiting>()
  const over = new Set<number>()
  const tries = new Map<number, { n: number; at: number }>() // of those whose host another process was asking
  let waiting: Waiting[] = []
  let lookedAt = Number.NEGATIVE_INFINITY
  async function look(): Promise<void> {
    lookedAt = performance.now()
    const rows = await app.db
      .selectFrom('source')
      .select(['id', 'host', 'failures'])
      .where('due_at', '<=', instant(app.now()))
      .orderBy('due_at')
      .execute()
    waiting = rows.filter(({ id }) => !over.has(id))
  }
  function take(): Waiting | undefined {
    const ailing = [...busy.values()].filter(({ failures }) => failures > 0).length
    const now = performance.now()
    const free = waiting.filter(
      ({ id, host, failures }) =>
        !busy.has(host) && (failures === 0 || ailing < AILING_AT_ONCE) && (tries.get(id)?.at ?? 0) <= now,
    )
    const [first] = free.sort((a, b) => (turns.get(a.host) ?? 0) - (turns.get(b.host) ?? 0))
    if (!first) return undefined
    waiting.splice(waiting.indexOf(first), 1)
    over.add(first.id)
    busy.set(first.host, first)
    turns.set(first.host, (turns.get(first.host) ?? 0) + 1)
    return first
  }
  return {
    async next(): Promise<Waiting | undefined> {
      const found = take()
      if (found || performance.now() - lookedAt < LOOK) return found
      await look()
      return take()
    },
    done(one: Waiting, came: Came): void {
      busy.delete(one.host)
      const { n } = tries.get(one.id) ?? { n: 0 }
      if (came === 'over' || (came === 'busy' && n === MOST_TRIES)) return
      if (came === 'busy') tries.set(one.id, { n: n + 1, at: performance.now() + BUSY })
      over.delete(one.id)
      waiting.push(came === 'again' ? { ...one, failures: 0 } : one)
    },
    postponed: () => waiting.length > 0,
  }
}
