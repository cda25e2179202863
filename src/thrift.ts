import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const EVERY = 3000 // ms; it takes some 20 ms of them
const ROOM = 4_000_000 // bytes
const LOOK = 20 // ms

/**
 * Keeps this process small, for one that makes much, keeps nothing, and has nobody waiting for an answer. Left to itself
 * it would let 100 MB pile up before it looks whether anybody still needs them.
 */
export function beThrifty(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  setInterval(collect, EVERY).unref()
  makeRoom()
}

/** The room for what is new grows to some 4 MB: one alone is cleared too often, and left to itself it would take 64. */
function makeRoom(): void {
  setFlagsFromString('--semi-space-growth-factor=2')
  const looking = setInterval(look, LOOK).unref()
  look()

  function look(): void {
    if (room() < ROOM) return
    setFlagsFromString('--semi-space-growth-factor=1')
    clearInterval(looking)
  }
}

function room(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
  return space ? space.space_used_size + space.space_available_size : Infinity
}
