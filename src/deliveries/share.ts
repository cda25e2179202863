import { sql } from 'kysely'
import { instant, moment } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Relay } from '../config.ts'

/** What a relay may still be given: its rate and its day, counted in the database over all processes. */
export type Share = {
  /** When the next letter may go, in milliseconds since 1970; `spent` when the day's letters are. */
  next(): Promise<number | 'spent'>
}

const SKEW = 60_000 // ms that another machine's clock may be ahead before it is not believed
const STALE = 1000 // ms after which an unused turn is not made up for

/** For a relay without limits every moment will do, and the database is not asked. */
export function openShare(app: App, relay: Relay, id: number): Share {
  if (!relay.rate && !relay.day) return { next: async () => 0 }
  const interval = relay.rate ? 1000 / relay.rate : 0
  const size = Math.max(1, Math.floor(Math.min((relay.rate ?? 1e9) / 2, (relay.day ?? 1e9) / 1000, 500)))
  let turns: number[] = []
  let asking: Promise<void> | undefined

  /** Takes turns ahead: one question to the database for half a second's letters. */
  async function ask(): Promise<void> {
    const now = Date.now()
    const today = moment(instant(app.now())).toString().slice(0, 10)
    const { rows } = await sql<{ next_at: number; day_n: number }>`
      update relay set
        next_at = case when next_at between ${now} and ${now + SKEW} then next_at else ${now} end + ${Math.round(size * interval)},
        day_n = case when day_on = ${today} then day_n else 0 end + ${size},
        day_on = ${today}
      where id = ${id} returning next_at, day_n`.execute(app.db)
    const { next_at, day_n } = rows[0]!
    const granted = Math.min(size, (relay.day ?? Number.POSITIVE_INFINITY) - (day_n - size))
    const from = next_at - Math.round(size * interval)
    turns = Array.from({ length: Math.max(0, granted) }, (_, nth) => from + nth * interval)
  }
  return {
    async next() {
      for (;;) {
        while (interval > 0 && turns.length > 0 && turns[0]! < Date.now() - STALE) turns.shift()
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
  }
}

/** Milliseconds until the day ends, in UTC. */
export function untilMidnight(app: Pick<App, 'now'>): number {
  const day = 86_400_000
  return day - (app.now().epochMilliseconds % day)
}
