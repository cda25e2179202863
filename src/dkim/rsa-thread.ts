import { type KeyObject, sign } from 'node:crypto'
import { getPriority, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { Wish } from './rsa.ts'

const POLITE = 10 // it works for later: whoever has something to do now goes first
const BACK = 4 // signatures in one answer: a millisecond's worth
const SCRATCH = 8192 // bytes: more than what is signed of any letter of ours

const port = parentPort!
const scratch = Buffer.allocUnsafeSlow(SCRATCH)

// On Linux it is this thread's alone. A process that is more polite already stays so.
if (process.platform === 'linux' && getPriority(0) < POLITE) setPriority(0, POLITE)

port.on('message', ({ key, texts }: Wish) => {
  for (let at = 0; at < texts.length; at += BACK)
    port.postMessage(texts.slice(at, at + BACK).map((text) => signature(text, key)))
})

function signature(text: string, key: KeyObject): string {
  const bytes = text.length > SCRATCH ? Buffer.from(text, 'latin1') : scratch.subarray(0, scratch.write(text, 'latin1'))
  return sign('sha256', bytes, key).toString('base64')
}
