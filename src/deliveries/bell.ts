/** Wakes whoever waits; what rings while nobody waits is heard by the next. */
export type Bell = { ring(): void; wait(milliseconds: number): Promise<void> }

export function openBell(): Bell {
  let rung = false
  const sleepers = new Set<() => void>()
  return {
    ring() {
      rung = sleepers.size === 0
      for (const wake of [...sleepers]) wake()
    },
    wait(milliseconds) {
      if (rung) {
        rung = false
        return Promise.resolve()
      }
      return new Promise((resolve) => {
        const timer = setTimeout(wake, milliseconds)
        function wake(): void {
          clearTimeout(timer)
          sleepers.delete(wake)
          resolve()
        }
        sleepers.add(wake)
      })
    },
  }
}
