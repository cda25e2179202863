import { Worker } from 'node:worker_threads'
import type { Facts, Task } from './sqlite-worker.ts'

export type { Facts } from './sqlite-worker.ts'

/** What is counted of a database, to hold a copy against it. */
export const COUNTED = ['article', 'subscriber', 'subscription', 'suppression', 'edition', 'delivery', 'image'] as const

/** Writes a consistent copy of a live SQLite file to a name that is free, in a thread of its own; writers go on. */
export async function copySqlite(file: string, to: string): Promise<void> {
  await inThread({ copy: file, to })
}

/** Reads the facts of a SQLite file, in a thread of its own; with `check` it is looked through for damage. */
export async function factsOf(file: string, check: boolean): Promise<Facts> {
  return (await inThread({ facts: file, check, tables: COUNTED }))!
}

function inThread(task: Task): Promise<Facts | undefined> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData: task })
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread ended without an answer')))
    worker.once('message', (message: { answer?: Facts; failure?: { message: string; code?: string } }) => {
      if (message.failure) reject(Object.assign(new Error(message.failure.message), { code: message.failure.code }))
      else resolve(message.answer)
    })
  })
}
