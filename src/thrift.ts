import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const EVERY = 3000 // ms; it takes some 20 ms of them

/**
 * Keeps this process small, for one that makes much, keeps nothing, and has nobody waiting for an answer. Left to itself
 * it would let 100 MB pile up before it looks whether anybody still needs them.
 */
export function beThrifty(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  setInterval(collect, EVERY).unref()
}
