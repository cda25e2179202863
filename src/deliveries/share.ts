import { sql } from 'kysely'
import { instant, moment } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Relay } from '../config.ts'

/** One letter's leave to go: `at` in milliseconds since 1970, `day` the one whose letters it is counted among. */
export type Turn = { at: number; day: string }

/** What a relay may still be given: its rate and its day, counted in the database over all processes. */
export type Share = {
  /** When the next letter may go; `spent` when the day's letters are. */
  next(): Promise<Turn | 'spent'>
  /** No letter went: another takes this turn, or it counts no more. */
  back(turn: Turn): void
  /** Gives back to the day what was taken ahead and not used. */
  close(): Promise<void>
}

export const FREE: Turn = { at: 0, day: '' }

const SKEW = 60_000 // ms that another machine's clock may be ahead before it is not believed
const STALE = 1000 // ms after which an unused turn is not made up for
const LAST = 8 // times as many as are taken ahead: so near the day's end they are taken one by one, or others go without

/** For a relay without limits every moment will do, and the database is not asked. */
export function openShare(app: App, relay: Relay, id: number): Share {
  if (!relay.rate && !relay.day) return { next: async () => FREE, back: () => {}, close: async () => {} }
  const interval = relay.rate ? 1000 / relay.rate : 0
  const perDay = relay.day ?? Number.POSITIVE_INFINITY
  const size = Math.max(1, Math.floor(Math.min((relay.rate ?? 1e9) / 2, perDay / 1000, 500)))
  let turns: Turn[] = []
  let today = ''
  let left = 0 // of the day, as far as we know
  let unused = 0 // turns that the database counts among the day's letters and that nobody will take
  let asking: Promise<void> | undefined
  let idle: NodeJS.Timeout | undefined

  /** Takes turns ahead: one question to the database for half a second's letters. */
  async function ask(): Promise<void> {
    const now = Date.now()
    if (today !== dayOf(app)) unused = 0
    today = dayOf(app)
    const n = left > LAST * size ? size : 1
    const ahead = Math.round(n * interval)
    const back = unused
    unused = 0
    const { rows } = await sql<{ next_at: number; day_n: number }>`
      update relay set
        next_at = case when next_at between ${now} and ${now + SKEW} then next_at else ${now} end + ${ahead},
        day_n = case when day_on = ${today} and day_n >= ${back} then day_n - ${back} else 0 end + ${n},
        day_on = ${today}
      where id = ${id} returning next_at, day_n`
      .execute(app.db)
      .catch((error) => {
        unused += back
        throw error
      })
    const { next_at, day_n } = rows[0]!
    const granted = Math.max(0, Math.min(n, perDay - (day_n - n)))
    left = perDay - day_n
    unused += n - granted
    for (let nth = 0; nth < granted; nth++) turns.push({ at: next_at - ahead + nth * interval, day: today })
  }
  /** Nobody else may have to do without them: what is not used in a second goes back to the day. */
  async function giveBack(): Promise<void> {
    unused += turns.splice(0).length
    const back = unused
    if (back === 0 || !relay.day) return
    unused = 0
    await sql`update relay set day_n = day_n - ${back} where id = ${id} and day_on = ${today} and day_n >= ${back}`
      .execute(app.db)
      .catch(() => {
        unused += back
      })
  }
  function waitForOthers(): void {
    if (!relay.day) return
    if (idle) idle.refresh()
    else idle = setTimeout(() => void giveBack(), STALE).unref()
  }
  function drop(outdated: (turn: Turn) => boolean): void {
    const kept = turns.filter((turn) => !outdated(turn))
    unused += turns.filter((turn) => outdated(turn) && turn.day === today).length
    turns = kept
  }
  return {
    async next() {
      waitForOthers()
      for (;;) {
        const day = dayOf(app)
        const since = interval > 0 ? Date.now() - STALE : Number.NEGATIVE_INFINITY
        if (turns.length > 0 && (turns[0]!.at < since || turns[0]!.day !== day))
          drop((turn) => turn.at < since || turn.day !== day)
        const turn = turns.shift()
        if (turn !== undefined) return turn
        if (asking !== undefined) {
          await asking
        } else {
          asking = ask().finally(() => {
            asking = undefined
          })
          await asking
          if (turns.length === 0) return 'spent'
        }
      }
    },
    back(turn) {
      if (turn.day !== today) return
      turns.unshift(turn)
      waitForOthers()
    },
    async close() {
      clearTimeout(idle)
      await asking?.catch(() => {})
      await giveBack()
    },
  }
}

function dayOf(app: App): string {
  return moment(instant(app.now())).toString().slice(0, 10)
}

/** Milliseconds until the day ends, in UTC. */
export function untilMidnight(app: Pick<App, 'now'>): number {
  const day = 86_400_000
  return day - (app.now().epochMilliseconds % day)
}
