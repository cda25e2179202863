import { type Instant, instant, later } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { WITHDRAWN } from '../editions.ts'
import * as leftLog from '../left-log.ts'
import { Problem } from '../problem.ts'
import * as relaySettings from '../relay-settings.ts'
import * as site from '../site.ts'
import type { Sent } from './line.ts'
import { rest } from './relays.ts'
import { openSession, type Session } from './session.ts'
import { openSigning } from './signing.ts'
import * as unfinished from './unfinished.ts'

/** How far it is; both over all editions and notices that are being sent. */
export type Progress = { done: number; waiting: number }
export type Options = {
  wait: number
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
  /** Revises what is held for a withdrawn story: whoever withdrew it may be at it, or dead. */
  revise?: () => Promise<void>
}

const LOOK = 1000 // ms between looks at what has become due
const TURN = { least: 50, most: 250 } // ms until it is looked whether a domain's turn has come
const REVISIONS = 40 // looks at an edition that is being revised, before `send` ends without it
const DEAD = 5000 // ms between looks at who has died
const PATIENCE = { sqlite: 2000, postgres: 30_000 } // ms until a dead process's lock is certainly free
const BROKEN = { pause: 1000, most: 30_000 } // ms between tries, and until `send` gives up, while nothing can be recorded

/**
 * Submits all that is due and what becomes due within `wait` milliseconds, then ends. May be killed at any moment and run
 * again, also twice at once. Without a relay, a sender or its key: a Problem, before anything is changed. A relay that nobody
 * reaches by the end of `wait` is a Problem, too; it has cost no letter a try.
 */
export async function sendUntilEmpty(
  app: App,
  { wait, signal = new AbortController().signal, onProgress, revise }: Options,
): Promise<Sent> {
  await relaySettings.look(app)
  const deadline = performance.now() + wait
  const until = later(instant(app.now()), wait)
  const total: Sent = { submitted: 0, refused: 0, deferred: 0, uncertain: 0, skipped: 0 }
  for (;;) {
    if (relaySettings.relaysOf(app).length === 0) throw new Problem('no-relay')
    await checkSender(app)
    const session = await openSession(app, signal)
    const report = onProgress && reporting(app, session, total, onProgress)
    try {
      await session.inherit()
      if (await empty(app, session, { deadline, until, revise })) break
    } finally {
      await session.close()
      await report?.()
      for (const key of Object.keys(total) as (keyof Sent)[]) total[key] += session.sent[key]
    }
    if (signal.aborted) break
  }
  return total
}

/** Without a sender, or the key to sign for it with, a Problem before anything is claimed. */
async function checkSender(app: App): Promise<void> {
  const { address } = site.sender(app, await site.show(app, app.db))
  await openSigning(app)(address)
}

/** One session's rounds; true when nothing is left to do before `until`, false when it is over. */
async function empty(
  app: App,
  session: Session,
  { deadline, until, revise }: { deadline: number; until: Instant; revise: Options['revise'] },
): Promise<boolean> {
  const patience = performance.now() + PATIENCE[app.database.kind]
  let brokenSince: number | undefined
  let revisions = REVISIONS
  for (;;) {
    const outcome = await session.round()
    if (outcome === 'over') return false
    if (outcome === 'broken') {
      brokenSince ??= performance.now()
      if (performance.now() - brokenSince > BROKEN.most) {
        const reason = leftLog.trouble(app)
        if (reason !== undefined) throw new Problem('left-log-unwritable', { folder: app.config.data, reason })
        throw new Error(session.failing() ?? 'the database takes no letters')
      }
      await rest(BROKEN.pause, session.over)
      continue
    }
    brokenSince = undefined
    if (outcome === 'unreachable') {
      const { milliseconds, ...trouble } = session.trouble()
      const left = deadline - performance.now()
      if (left <= 0) throw new Problem('relay-unreachable', trouble)
      await rest(Math.min(milliseconds, left, DEAD), session.over) // others may be set meanwhile
      continue
    }
    await unfinished.finish(app.db, instant(app.now()))
    const turn = await unfinished.nextTurn(app.db)
    if (turn !== undefined) {
      await rest(Math.min(TURN.most, Math.max(TURN.least, turn)), session.over)
      continue
    }
    const next = await unfinished.nextDue(app.db)
    if (next !== undefined && next <= until) {
      await rest(Math.min(LOOK, Math.max(50, next - app.now().epochMilliseconds)), session.over)
    } else if (performance.now() < patience && (await unfinished.heldByOthers(app.db, session.id))) {
      await rest(LOOK / 4, session.over)
      await session.inherit()
    } else if (revise && revisions-- > 0 && (await unfinished.heldBack(app.db, WITHDRAWN)) > 0) {
      await revise()
      await rest(LOOK / 4, session.over)
    } else {
      return true
    }
  }
}

/** Tells how far it is, twice a second and once more at the end. */
function reporting(
  app: App,
  session: Session,
  before: Sent,
  onProgress: (progress: Progress) => void,
): () => Promise<void> {
  const already = done(before)
  async function tell(): Promise<void> {
    onProgress({ done: already + done(session.sent), waiting: await unfinished.left(app.read) })
  }
  const timer = setInterval(() => void tell().catch(() => {}), 500).unref()
  return async () => {
    clearInterval(timer)
    await tell().catch(() => {})
  }
}

function done({ submitted, refused, skipped }: Sent): number {
  return submitted + refused + skipped
}

const wakers = new WeakMap<App['database'], Set<() => void>>()

/** Something has become due: whoever sends in this process looks at once. */
export function wake(app: Pick<App, 'database'>): void {
  for (const ring of wakers.get(app.database) ?? []) ring()
}

/** Why letters do not go out, for the health page; undefined when all is well or nobody sends here. */
export function trouble(app: Pick<App, 'database'>): Trouble | undefined {
  return troubles.get(app.database)
}

/** `said` is what a person can mend: no sender, a key that cannot sign, a database that is not at home. */
type Trouble = { kind: 'ledger' | 'relay' | 'sender' | 'held'; reason: string; said?: Problem }

const troubles = new WeakMap<App['database'], Trouble>()

/** Sends what is due, now and then, until the signal: in-flight letters end first, at most 10 s. Survives what can be survived. */
export async function run(app: App, signal: AbortSignal): Promise<void> {
  const ringers = wakers.get(app.database) ?? new Set()
  wakers.set(app.database, ringers)
  let told = false
  while (!signal.aborted) {
    try {
      await relaySettings.look(app)
      if (relaySettings.relaysOf(app).length === 0) {
        if (!told) app.log.info('nothing is sent: there is no relay')
        told = true
        troubles.delete(app.database)
        await rest(DEAD, signal)
        continue
      }
      told = false
      await serve(app, signal, ringers)
    } catch (error) {
      const kind = kindOf(error)
      const { message: reason } = error as Error
      if (troubles.get(app.database)?.reason !== reason) app.log.error('letters are not sent', { error })
      troubles.set(app.database, { kind, reason, ...(error instanceof Problem && { said: error }) })
      await rest(DEAD, signal)
    }
  }
  troubles.delete(app.database)
}

function kindOf(error: unknown): Trouble['kind'] {
  if (!(error instanceof Problem)) return 'ledger'
  return /^(no-sender|dkim-)/.test(error.code) ? 'sender' : /^sending-held/.test(error.code) ? 'held' : 'ledger'
}

/** One session of `run`. */
async function serve(app: App, signal: AbortSignal, ringers: Set<() => void>): Promise<void> {
  await checkSender(app)
  const session = await openSession(app, signal)
  ringers.add(session.wants.ring)
  try {
    let lookedAt = -Infinity
    while (!session.over.aborted) {
      if (performance.now() - lookedAt > DEAD) {
        await session.inherit()
        lookedAt = performance.now()
      }
      const outcome = await session.round()
      note(app, session, outcome)
      if (outcome === 'empty') {
        await unfinished.finish(app.db, instant(app.now()))
        const turn = await unfinished.nextTurn(app.db)
        await session.wants.wait(Math.min(LOOK, Math.max(TURN.least, turn ?? LOOK)))
      } else if (outcome !== 'over') {
        await rest(outcome === 'broken' ? BROKEN.pause : Math.min(LOOK, session.trouble().milliseconds), session.over)
      }
    }
  } finally {
    ringers.delete(session.wants.ring)
    await session.close()
  }
}

function note(app: App, session: Session, outcome: 'empty' | 'unreachable' | 'broken' | 'over'): void {
  if (outcome === 'empty') troubles.delete(app.database)
  if (outcome === 'broken')
    troubles.set(app.database, { kind: 'ledger', reason: session.failing() ?? 'the database takes no letters' })
  if (outcome === 'unreachable') {
    const { relay, reason } = session.trouble()
    troubles.set(app.database, { kind: 'relay', reason: `${relay}: ${reason}` })
  }
}
