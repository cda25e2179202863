import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { App } from '../app.ts'

const GRACE = 8000 // ms that a poll in progress gets to end
const AGAIN = 60_000 // ms until a thread that died is begun anew
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 8 }

/**
 * Polls the sources in a thread of its own, over its own connections, until it is closed: whatever they bring, whoever asks
 * the server in the meantime waits for none of it. A thread that dies is said to and begun anew after a minute.
 */
export function openReadingThread(app: App): { close(): Promise<void> } {
  let closing = false
  let timer: NodeJS.Timeout | undefined
  let thread = begin()
  function begin(): { worker: Worker; over: Promise<void> } {
    const worker = new Worker(new URL('./reading-worker.ts', import.meta.url), {
      workerData: app.config,
      resourceLimits: LIMITS,
    })
    const over = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.on('error', (error) =>
      app.log.error('the thread that reads sources died; it is begun anew in a minute', { error }),
    )
    void over.then(() => {
      if (!closing) timer = setTimeout(() => (thread = begin()), AGAIN).unref()
    })
    return { worker, over }
  }
  return {
    async close() {
      closing = true
      clearTimeout(timer)
      thread.worker.postMessage('stop')
      await Promise.race([thread.over, sleep(GRACE, undefined, { ref: false })])
      await thread.worker.terminate()
    },
  }
}
