import { type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { atMost } from '../at-most.ts'
import { threadEnvironment } from '../thread-env.ts'

/** What the thread is asked for; it answers as many signatures in their order, a few at a time. */
export type Wish = { key: KeyObject; texts: string[] }

type Job = { text: string; key: KeyObject; done: (signature: string) => void; failed: (error: unknown) => void }
type Thread = { worker: Worker; jobs: Job[]; idle: NodeJS.Timeout }

const MANY = 8 // letters at once for which a thread is worth its 13 MB
const IDLE = 30_000 // ms without letters until it ends
const AGAIN = 60_000 // ms until another one begins where one failed
const MEMORY = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2, stackSizeMb: 4 }

const asked: Job[] = []
const signing = promisify(sign)
const gate = atMost(2) // of the four threads that we share with the disk and with pictures
let thread: Thread | undefined
let failedAt = -Infinity

/**
 * The RSA signature over the SHA-256 of a text, one byte in each of its letters; in base64.
 *
 * Where many are asked for, a thread of their own makes them until there are none for a while: it gives way to the one that
 * talks to the relay, and the disk has not to wait for it. A few, and what a failed thread leaves behind, are signed on those
 * that all share.
 */
export function rsa(text: string, key: KeyObject): Promise<string> {
  return new Promise((done, failed) => {
    if (asked.push({ text, key, done, failed }) === 1) setImmediate(handOut)
  })
}

function handOut(): void {
  const jobs = asked.splice(0)
  if (jobs.length >= MANY && performance.now() - failedAt > AGAIN) thread ??= begin()
  if (thread) give(thread, jobs)
  else for (const job of jobs) void here(job)
}

/** A thread, if the machine has room for one more. */
function begin(): Thread | undefined {
  try {
    return open()
  } catch {
    failedAt = performance.now()
    return undefined
  }
}

async function here({ text, key, done, failed }: Job): Promise<void> {
  const data = Buffer.from(text, 'latin1')
  await gate.turn(() => signing('sha256', data, key)).then((signature) => done(signature.toString('base64')), failed)
}

function open(): Thread {
  const worker = new Worker(new URL('./rsa-thread.ts', import.meta.url), {
    resourceLimits: MEMORY,
    env: threadEnvironment(),
    execArgv: [],
  })
  const opened: Thread = { worker, jobs: [], idle: setTimeout(() => leave(opened), IDLE).unref() }
  worker.unref()
  worker.on('message', (signatures: string[]) => {
    for (const signature of signatures) opened.jobs.shift()?.done(signature)
    if (opened.jobs.length === 0) worker.unref()
  })
  worker.on('error', () => {
    failedAt = performance.now()
  })
  worker.on('exit', () => leave(opened))
  return opened
}

function give({ worker, jobs, idle }: Thread, wanted: Job[]): void {
  idle.refresh()
  worker.ref()
  for (const [key, some] of Map.groupBy(wanted, (job) => job.key)) {
    jobs.push(...some)
    worker.postMessage({ key, texts: some.map((job) => job.text) } satisfies Wish)
  }
}

function leave(left: Thread): void {
  if (thread === left) thread = undefined
  clearTimeout(left.idle)
  void left.worker.terminate()
  for (const job of left.jobs.splice(0)) void here(job)
}
