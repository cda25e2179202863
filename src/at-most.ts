/** A place where a few may work at the same time and the others wait, first come first served. */
export type Gate = {
  /** Does the work when its turn has come. */
  turn<T>(work: () => Promise<T>): Promise<T>
  /** How many wait for their turn. */
  waiting(): number
}

/** Lets at most so many work at once. The line has no end of its own: whoever must bound it looks how long it is first. */
export function atMost(most: number): Gate {
  const line: (() => void)[] = []
  let busy = 0

  async function turn<T>(work: () => Promise<T>): Promise<T> {
    if (busy < most) busy++
    else await new Promise<void>((resolve) => line.push(resolve)) // who leaves hands his place on
    try {
      return await work()
    } finally {
      const next = line.shift()
      if (next) next()
      else busy--
    }
  }

  return { turn, waiting: () => line.length }
}
