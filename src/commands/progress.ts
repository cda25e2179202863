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
    { format: `${what} {bar} {value}/{total} · {duration_formatted}`, stream: process.stderr, clearOnComplete: true },
    Presets.shades_grey,
  )
  let started = false
  return {
    to(done, total = done) {
      if (!started) bar.start(total, done)
      started = true
      bar.setTotal(total)
      bar.update(done)
    },
    end: () => bar.stop(),
  }
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
