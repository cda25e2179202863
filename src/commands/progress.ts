import { Presets, SingleBar } from 'cli-progress'

/** What shows that long work goes on: a bar on a terminal, a plain line now and then elsewhere, nothing beside JSON. */
export type Progress = { to(done: number, total?: number): void; end(): void }

const EVERY = 5000 // ms between plain lines

/** Opens a progress display on standard error. */
export function openProgress(what: string, quiet: boolean): Progress {
  if (quiet) return { to() {}, end() {} }
  return process.stderr.isTTY ? openBar(what) : openLines(what)
}

function openBar(what: string): Progress {
  const bar = new SingleBar(
    {
      format: `${what} {bar} {value}/{total} · {rate}/s · {duration_formatted}, {left} left`,
      stream: process.stderr,
      clearOnComplete: true,
    },
    Presets.shades_grey,
  )
  let started = false
  const pace = openPace()
  return {
    to(done, total = done) {
      const { rate, left } = pace(done, total)
      const shown = { rate: rate === undefined ? '…' : Math.round(rate), left: left === undefined ? '…' : spoken(left) }
      if (!started) bar.start(total, done, shown)
      started = true
      bar.setTotal(total)
      bar.update(done, shown)
    },
    end: () => bar.stop(),
  }
}

const WINDOW = 20_000 // ms that the pace is taken from

/** How fast it goes of late, per second, and how many seconds are left at that pace; unknown at first. */
function openPace(): (done: number, total: number) => { rate?: number; left?: number } {
  const seen: { at: number; done: number }[] = []
  return (done, total) => {
    const now = performance.now()
    seen.push({ at: now, done })
    while (seen.length > 2 && now - seen[0]!.at > WINDOW) seen.shift()
    const { at, done: before } = seen[0]!
    if (now - at < 1000 || done === before) return {}
    const rate = (done - before) / ((now - at) / 1000)
    return { rate, left: Math.ceil((total - done) / rate) }
  }
}

function spoken(seconds: number): string {
  if (seconds < 100) return `${seconds} s`
  if (seconds < 6000) return `${Math.ceil(seconds / 60)} min`
  return `${Math.floor(seconds / 3600)} h ${Math.ceil((seconds % 3600) / 60)} min`
}

function openLines(what: string): Progress {
  let shownAt = performance.now()
  return {
    to(done, total) {
      if (performance.now() - shownAt < EVERY) return
      shownAt = performance.now()
      process.stderr.write(`${what}: ${done}${total ? ` of ${total}` : ''}\n`)
    },
    end() {},
  }
}
