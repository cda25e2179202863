import { Worker } from 'node:worker_threads'
import type { Origin } from '../reading/index.ts'
import type { Done, Task } from './post-worker.ts'
import type { Post } from './rest.ts'

const DEADLINE = 8000 // ms for a page: WordPress's own posts take some hundredths of that
const IDLE = 10_000 // ms after which a worker without work ends
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8, stackSizeMb: 4 }

let worker: Worker | undefined
let before: Promise<unknown> = Promise.resolve()
let idle: NodeJS.Timeout | undefined

/**
 * Reads a page of posts as `rest.readPosts` does, in a worker with a deadline and a memory limit, one page at a time: a
 * hostile post costs that worker and nothing else. Undefined too for what could not be read within them.
 */
export function readApart(bytes: Buffer, origin: Origin): Promise<Post[] | undefined> {
  const result = before.then(() => handOver({ bytes: Uint8Array.from(bytes), origin }))
  before = result
  return result
}

/** Never throws. */
async function handOver(task: Task): Promise<Post[] | undefined> {
  clearTimeout(idle)
  worker ??= new Worker(new URL('./post-worker.ts', import.meta.url), { resourceLimits: LIMITS, env: {}, execArgv: [] })
  const done = await answered(worker, task)
  if (!done) void worker.terminate()
  if (!done) worker = undefined
  worker?.unref()
  idle = setTimeout(end, IDLE)
  idle.unref()
  return done?.posts
}

/** What the worker makes of a task; undefined if it fails over it or takes too long. */
function answered(reader: Worker, task: Task): Promise<Done | undefined> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => settle(undefined), DEADLINE)
    function settle(done: Done | undefined): void {
      clearTimeout(deadline)
      reader.removeAllListeners()
      reader.on('error', () => {}) // one that is given up may still fail
      resolve(done)
    }
    reader.on('message', settle)
    reader.on('error', () => settle(undefined))
    reader.on('exit', () => settle(undefined))
    reader.ref()
    reader.postMessage(task, [task.bytes.buffer as ArrayBuffer])
  })
}

function end(): void {
  void worker?.terminate()
  worker = undefined
}
