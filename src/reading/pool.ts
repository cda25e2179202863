import { Worker } from 'node:worker_threads'
import { threadEnvironment } from '../thread-env.ts'
import type { Document, Item, Origin } from './item.ts'
import type { Answer } from './worker.ts'

/** What became of a document. */
export type Outcome = { document: Document } | { refused: string; bug?: string }

type Job = { bytes: Uint8Array; origin: Origin; done: (outcome: Outcome) => void }
type Desk = { worker: Worker; job?: Job; items: Map<string, Item>; deadline?: NodeJS.Timeout; idle?: NodeJS.Timeout }

const MOST_WORKERS = 2
const DEADLINE = 15_000 // ms for a document; the worker itself stops after 8 s of work
const LARGE = 5_000_000 // bytes
const IDLE = 10_000 // ms after which a worker without work ends
const MEMORY = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4, stackSizeMb: 4 }

const desks = new Set<Desk>()
const waiting: Job[] = []

/** Has a document read in a worker: at once, or when one of two is free. Never throws. */
export function work(bytes: Uint8Array, origin: Origin): Promise<Outcome> {
  return new Promise((done) => {
    waiting.push({ bytes, origin, done })
    assign()
  })
}

/** Ends all workers; what they were reading is refused. */
export async function close(): Promise<void> {
  for (const job of waiting.splice(0)) job.done({ refused: 'we stopped' })
  await Promise.all([...desks].map((desk) => dismiss(desk, { refused: 'we stopped' })))
}

function assign(): void {
  while (waiting.length > 0) {
    const free = [...desks].find((desk) => !desk.job) ?? (desks.size < MOST_WORKERS ? open() : undefined)
    if (!free) return
    begin(free, waiting.shift()!)
  }
}

function open(): Desk {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    resourceLimits: MEMORY,
    env: threadEnvironment(),
    execArgv: [],
  })
  const desk: Desk = { worker, items: new Map() }
  desks.add(desk)
  worker.on('message', (answer: Answer) => receive(desk, answer))
  worker.on('error', (error) => void dismiss(desk, failed(error)))
  worker.on('exit', () => void dismiss(desk, { refused: 'our reader ended unexpectedly' }))
  return desk
}

function begin(desk: Desk, job: Job): void {
  clearTimeout(desk.idle)
  desk.job = job
  desk.items = new Map()
  desk.worker.ref()
  // A copy of its own is handed over, so that the caller keeps what it gave.
  const bytes = Uint8Array.from(job.bytes)
  desk.worker.postMessage({ bytes, origin: job.origin }, [bytes.buffer])
}

function receive(desk: Desk, answer: Answer): void {
  if (!desk.job) return
  if ('begun' in answer) desk.deadline = setTimeout(() => void dismiss(desk, tooSlow), DEADLINE)
  else if ('items' in answer) {
    for (const item of answer.items) desk.items.set(item.guid, item)
    desk.worker.postMessage('go')
  } else {
    const outcome = 'rest' in answer ? { document: { ...answer.rest, items: [...desk.items.values()] } } : answer
    const large = desk.job.bytes.length > LARGE
    finish(desk, outcome)
    if (large) return void dismiss(desk, outcome) // with all the memory that it took
    rest(desk)
    assign()
  }
}

const tooSlow: Outcome = { refused: `it took more than ${DEADLINE / 1000} s to read` }

function finish(desk: Desk, outcome: Outcome): void {
  clearTimeout(desk.deadline)
  const { job } = desk
  delete desk.job
  desk.items = new Map()
  job?.done(outcome)
}

/** A worker without work keeps no process alive, and ends after a while. */
function rest(desk: Desk): void {
  desk.worker.unref()
  desk.idle = setTimeout(() => void dismiss(desk, { refused: 'we stopped' }), IDLE)
  desk.idle.unref()
}

/** Ends a worker, whatever it does; who waits is served by others. */
async function dismiss(desk: Desk, outcome: Outcome): Promise<void> {
  if (!desks.delete(desk)) return
  clearTimeout(desk.idle)
  finish(desk, outcome)
  assign()
  await desk.worker.terminate()
}

function failed(error: unknown): Outcome {
  if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY')
    return { refused: 'reading it takes more memory than we give to a feed' }
  return { refused: 'our reader broke over it', bug: error instanceof Error ? (error.stack ?? error.message) : '' }
}
