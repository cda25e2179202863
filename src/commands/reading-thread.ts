import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { App } from '../app.ts'
import * as sources from '../sources/index.ts'

const GRACE = 8000 // ms that a poll in progress gets to end
const LOOK = 15_000 // ms between looks whether there is a source now
const AGAIN = 60_000 // ms until a thread that died is begun anew
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 8 }

type Thread = { worker: Worker; over: Promise<void> }

/**
 * Polls the sources in a thread of its own, over its own connections, until it is closed: whatever they bring, whoever asks
 * the server in the meantime waits for none of it. It takes some 45 MB, and begins when there is a source. A thread that dies
 * is said to and begun anew after a minute.
 */
export function openReadingThread(app: App): { close(): Promise<void> } {
  let closing = false
  let thread: Thread | undefined
  let timer: NodeJS.Timeout | undefined
  function lookIn(milliseconds: number): void {
    if (!closing) timer = setTimeout(look, milliseconds).unref()
  }
  async function look(): Promise<void> {
    const wanted = await sources.areAny(app.read).catch(() => false) // whoever else asks says what is the matter
    if (closing) return
    if (!wanted) return lookIn(LOOK)
    thread = begin(app)
    void thread.over.then(() => lookIn(AGAIN))
  }
  lookIn(0)
  return {
    async close() {
      closing = true
      clearTimeout(timer)
      if (!thread) return
      thread.worker.postMessage('stop')
      await Promise.race([thread.over, sleep(GRACE, undefined, { ref: false })])
      await thread.worker.terminate()
    },
  }
}

function begin(app: App): Thread {
  const worker = new Worker(new URL('./reading-worker.ts', import.meta.url), {
    workerData: app.config,
    resourceLimits: LIMITS,
  })
  const over = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.on('error', (error) =>
    app.log.error('the thread that reads sources died; it is begun anew in a minute', { error }),
  )
  return { worker, over }
}
