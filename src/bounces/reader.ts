import { Worker } from 'node:worker_threads'
import type { Judged } from './message.ts'

/** Reads and judges messages in a thread of its own, one after another. */
export type Reader = {
  /** What the message is that these bytes are; undefined where they cannot be read, in time or at all. `busy` when too many wait, or no thread begins. */
  read(raw: Buffer): Promise<Answer>
  close(): Promise<void>
}

type Answer = Judged | undefined | 'busy'
type Job = { raw: Buffer; done: (answer: Answer) => void }

/** Bytes of a message that are looked at: reports stand before the letters they return. */
export const READ = 512 * 1024

const START = 30_000 // ms for a thread to begin, also on a machine that is busy
const DEADLINE = 5000 // ms for one message
const IDLE = 60_000 // ms until a thread that has nothing to do ends
const WAITING = 100 // messages
const MEMORY = 96 // MB

export function openReader(): Reader {
  const jobs: Job[] = []
  let worker: Worker | undefined
  let timer: NodeJS.Timeout | undefined
  let ready = false
  let number = 0

  function next(): void {
    clearTimeout(timer)
    const job = jobs[0]
    if (!job) {
      timer = setTimeout(() => void end(), IDLE).unref()
      return
    }
    worker ??= start()
    const raw = Uint8Array.from(job.raw)
    worker.postMessage({ number: ++number, raw }, [raw.buffer])
    timer = setTimeout(giveUp, ready ? DEADLINE : START)
  }
  function finish(answer: Answer): void {
    jobs.shift()?.done(answer)
    next()
  }
  /** A thread that failed or is late is not asked again. */
  function giveUp(): void {
    const answer = ready ? undefined : 'busy'
    void end()
    finish(answer)
  }
  function start(): Worker {
    const fresh = new Worker(new URL('./reading-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: MEMORY },
      stderr: true, // what a parser complains about is no business of our log
    })
    fresh.on('message', (answer: { number: number; message?: Judged }) => {
      if (fresh !== worker) return
      if (answer.number === 0) begun()
      else if (answer.number === number && jobs.length > 0) finish(answer.message)
    })
    fresh.on('error', () => {
      if (fresh === worker) giveUp()
    })
    fresh.stderr.resume()
    fresh.unref()
    return fresh
  }
  function begun(): void {
    ready = true
    clearTimeout(timer)
    if (jobs.length > 0) timer = setTimeout(giveUp, DEADLINE)
  }
  async function end(): Promise<void> {
    const ended = worker
    worker = undefined
    ready = false
    await ended?.terminate()
  }
  return {
    read(raw) {
      if (jobs.length >= WAITING) return Promise.resolve('busy' as const)
      return new Promise((done) => {
        jobs.push({ raw, done })
        if (jobs.length === 1) next()
      })
    },
    async close() {
      clearTimeout(timer)
      for (const job of jobs.splice(0)) job.done('busy') // it comes again
      await end()
    },
  }
}
