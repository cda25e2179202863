import type { App } from '../app.ts'
import { openCounter } from '../feed-readers.ts'
import type { Poller } from './feed-pollers.ts'

/** Gathers who read a feed, and writes it down later. */
export type Counts = { add(poller: Poller): void; close(): Promise<void> }

const WINDOW = 10_000 // ms
const MOST = 5_000 // pollers of one window; who comes after is counted at another of its polls

/** Each poller once per window. A database that fails loses the window, and no answer waits for it. */
export function openCounts(app: App): Counts {
  const counter = openCounter(app)
  let seen: Poller[] = []
  let window = 0
  let writing: Promise<void> | undefined
  let failing = false
  const timer = setInterval(() => void flush(), WINDOW).unref()

  function add(poller: Poller): void {
    if (poller.countedIn === window || seen.length >= MOST) return
    poller.countedIn = window
    seen.push(poller)
  }

  /** One at a time: a slow database makes the window longer. */
  function flush(): Promise<void> {
    writing ??= write().finally(() => {
      writing = undefined
    })
    return writing
  }

  async function write(): Promise<void> {
    const polls = seen
    if (polls.length === 0) return
    seen = []
    window++
    try {
      await counter.see(polls)
      failing = false
    } catch (error) {
      if (!failing) app.log.error('readers of feeds could not be counted', { error, lost: polls.length })
      failing = true
    }
  }

  return {
    add,
    async close() {
      clearInterval(timer)
      await flush()
      await flush() // what came while one was being written
    },
  }
}
