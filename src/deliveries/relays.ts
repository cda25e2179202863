import { type Instant, instant, later } from '../../db/instant.ts'
import { maskedIn } from '../address.ts'
import type { App } from '../app.ts'
import type { Relay } from '../config.ts'
import { look, relaysOf } from '../relay-settings.ts'
import { FREE, openShare, type Turn, untilMidnight } from './share.ts'

/**
 * A relay as this process finds it: how many lines are open, and until when nothing is tried.
 *
 * A line that breaks says little while others work: then only fewer lines are opened (many relays allow fewer than we would
 * like). When no line is left the relay pauses, each time for longer until it takes a letter again; one line finds out.
 */
export type Way = {
  readonly relay: Relay
  readonly id: number
  /** How many lines may be opened now; 0 while it pauses. */
  room(): number
  paused(): boolean
  /** How often it has paused since it last took a letter. */
  pauses(): number
  /** Milliseconds until it may be tried again. */
  rest(): number
  /** Why it pauses, in its own words. */
  reason(): string
  opening(): void
  failed(reason: string): void
  closed(): void
  /** It took (or refused) a letter, so it works. */
  works(): void
  /**
   * This letter broke a line, or it had trouble with it. `again`: as before, and it has taken none in between. `alone`: it
   * took others a moment ago and hardly any but this one breaks its lines, so it is more likely the letter than the relay.
   */
  broke(letter: string): { again: boolean; alone: boolean }
  /** It asks us to stop for a while: its rate, its quota, its log-in. */
  stop(reason: string): void
  /** Waits for a letter's turn, as its rate and its day allow; undefined when there is none. */
  turn(signal: AbortSignal): Promise<Turn | undefined>
  /** Whether an envelope may go with the letter before: where every letter may go at once, unless it proved not to like that. */
  takesAhead(): boolean
  /** A line ended over an envelope that went ahead: for a while each waits for the answer to the letter before. */
  keepsApart(): void
  /** No letter went in this turn. */
  unused(turn: Turn): void
  /** Gives back what is left of its day and waits until what is to be shown of it is written. */
  close(): Promise<void>
}

const PAUSES = [1, 5, 10, 20, 40, 60].map((seconds) => seconds * 1000)
const BLIND = 1000 // ms between letters while the database does not tell the rate
const FEWER = 60_000 // ms until more lines than worked are tried again
const APART = 600_000 // ms until an envelope goes ahead again
const ANEW = 5000 // ms between looks at which relays are set
const LATELY = 60_000 // ms that a letter it took speaks for the relay
const SUSPECTS = 2 // letters that may break lines before it is the relay that breaks them

/** The relays in their order, each with its row. */
export async function openWays(app: App): Promise<Way[]> {
  const ways: Way[] = []
  for (const relay of relaysOf(app)) {
    await app.db
      .insertInto('relay')
      .values({ name: relay.name })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const row = await app.db.selectFrom('relay').select('id').where('name', '=', relay.name).executeTakeFirstOrThrow()
    ways.push(openWay(app, relay, row.id))
  }
  return ways
}

/** Tells whether other relays take our letters since this was opened; those that another process sets, a few seconds later. */
export function openWatch(app: App): () => Promise<boolean> {
  const relays = relaysOf(app)
  let lookedAt = performance.now()
  return async () => {
    if (performance.now() - lookedAt > ANEW) {
      lookedAt = performance.now()
      await look(app).catch((error) => app.log.warn('it cannot be read which relays are set', { error }))
    }
    return relaysOf(app) !== relays
  }
}

function openWay(app: App, relay: Relay, id: number): Way {
  let lines = 0 // open or being opened
  let most = relay.connections
  let mostUntil = 0
  let pausedUntil = 0
  let pauses = 0
  let why = ''
  let tookAt = -Infinity
  let apartUntil = relay.rate || relay.day ? Infinity : 0
  const share = openShare(app, relay, id)
  let noting = Promise.resolve()
  const suspects = new Set<string>() // what broke lines since it last took a letter
  function pause(reason: string, asked?: number): void {
    if (performance.now() < pausedUntil) return // ten lines that break at once are one failure
    const words = maskedIn(reason)
    const milliseconds = asked ?? PAUSES[Math.min(pauses++, PAUSES.length - 1)]!
    pausedUntil = performance.now() + milliseconds
    why = words
    app.log.warn('a relay pauses', { relay: relay.name, reason: words.slice(0, 200), milliseconds })
    keep(later(instant(app.now()), milliseconds), words)
  }
  function keep(paused_until: Instant | null, reason: string | null): void {
    // For the desk to show: the sending itself does not depend on it. One after another, or an older word might come last.
    noting = noting.then(async () => {
      await app.db
        .updateTable('relay')
        .set({ paused_until, reason })
        .where('id', '=', id)
        .execute()
        .catch((error) => app.log.warn('a relay is not noted', { error }))
    })
  }
  const paused = () => performance.now() < pausedUntil
  const allowed = () => (pauses > 0 ? 1 : performance.now() < mostUntil ? most : relay.connections)
  return {
    relay,
    id,
    paused,
    pauses: () => pauses,
    room: () => (paused() ? 0 : allowed() - lines),
    rest: () => Math.max(0, pausedUntil - performance.now()),
    reason: () => why,
    opening: () => {
      lines++
    },
    failed(reason) {
      lines--
      if (lines === 0) {
        mostUntil = 0 // they broke one and all: that is no word on how many it allows
        return pause(reason)
      }
      most = lines
      mostUntil = performance.now() + FEWER
    },
    closed: () => {
      lines--
    },
    works() {
      tookAt = performance.now()
      suspects.clear()
      if (pauses > 0 && !paused()) {
        pauses = 0
        keep(null, null)
      }
    },
    broke(letter) {
      const again = suspects.has(letter)
      suspects.add(letter)
      return { again, alone: suspects.size <= SUSPECTS && performance.now() - tookAt < LATELY }
    },
    stop: (reason) => pause(reason),
    takesAhead: () => performance.now() >= apartUntil,
    keepsApart: () => {
      apartUntil = performance.now() + APART
    },
    unused: share.back,
    close: async () => void (await Promise.all([share.close(), noting])),
    async turn(signal) {
      const turn = await share.next().catch((error) => {
        app.log.error('a relay’s rate cannot be read', { relay: relay.name, error })
        return { ...FREE, at: Date.now() + BLIND }
      })
      if (turn !== 'spent') {
        await rest(turn.at - Date.now(), signal)
        return turn
      }
      pause(`its ${relay.day} letters of the day are sent`, untilMidnight(app))
      return undefined
    },
  }
}

/** Waits, at most until the signal. */
export function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(end, milliseconds)
    function end(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    signal.addEventListener('abort', end)
  })
}
