import { Worker } from 'node:worker_threads'
import type { Origin } from '../reading/index.ts'
import { threadEnvironment } from '../thread-env.ts'
import type { Done, Task } from './post-worker.ts'
import type { Post } from './rest.ts'

const DEADLINE = 8000 // ms for a page: WordPress's own posts take some hundredths of that
const IDLE = 10_000 // ms after which a worker without work ends
const LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8, stackSizeMb: 4 }

let worker: Worker | undefined
let receive: (done: Done | undefined) => void = () => {}
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
  worker ??= open()
  worker.ref()
  worker.postMessage(task, [task.bytes.buffer as ArrayBuffer])
  const done = await answered()
  if (!done) end()
  worker?.unref()
  idle = setTimeout(end, IDLE)
  idle.unref()
  return done?.posts
}

function open(): Worker {
  const opened = new Worker(new URL('./post-worker.ts', import.meta.url), {
    resourceLimits: LIMITS,
    env: threadEnvironment(),
    execArgv: [],
  })
  const tell = (done?: Done) => {
    if (opened === worker) receive(done) // one that was given up has nothing more to say
  }
  opened.on('message', tell)
  opened.on('error', () => tell())
  opened.on('exit', () => tell())
  return opened
}

/** What the worker makes of its task; undefined if it fails over it or takes too long. */
function answered(): Promise<Done | undefined> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => receive(undefined), DEADLINE)
    receive = (done) => {
      clearTimeout(deadline)
      receive = () => {}
      resolve(done)
    }
  })
}

function end(): void {
  void worker?.terminate()
  worker = undefined
}
