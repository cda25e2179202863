import { parentPort } from 'node:worker_threads'
import { Problem } from '../problem.ts'
import { decoded } from './charset.ts'
import { understand } from './document.ts'
import type { Document, Item, Origin } from './item.ts'

/** What the pool hands in. */
export type Task = { bytes: Uint8Array<ArrayBuffer>; origin: Origin }

/** What it gets: that work began, items (answered by any message before the next come), then the rest or why not. */
export type Answer =
  | { begun: true }
  | { items: Item[] }
  | { rest: Omit<Document, 'items'> }
  | { refused: string; bug?: string }

const port = parentPort!
let go: (() => void) | undefined

port.on('message', (message: Task | 'go') => {
  if (message === 'go') return go?.()
  void work(message).then(answer)
})

async function work({ bytes, origin }: Task): Promise<Answer> {
  answer({ begun: true })
  try {
    const text = decoded(bytes, origin)
    bytes.buffer.transfer(0) // its memory is not ours to keep: text and bytes together are what a worker can hold
    return { rest: await understand(text, origin, handOver) }
  } catch (error) {
    if (error instanceof Problem) return { refused: String(error.values['reason']) }
    return { refused: 'our reader stumbled over it', bug: error instanceof Error ? (error.stack ?? error.message) : '' }
  }
}

function handOver(items: Item[]): Promise<void> {
  answer({ items })
  return new Promise((resolve) => {
    go = resolve
  })
}

function answer(message: Answer): void {
  port.postMessage(message)
}
