import { expect, test } from 'vitest'
import { atMost } from '../src/at-most.ts'

function works(count: number, gate = atMost(2)) {
  const seen = { at: 0, most: 0, order: [] as number[], waiting: 0 }
  const all = Array.from({ length: count }, (_, n) =>
    gate.turn(async () => {
      seen.order.push(n)
      seen.most = Math.max(seen.most, ++seen.at)
      await new Promise((resolve) => setTimeout(resolve, 1))
      seen.at--
      if (n % 3 === 1) throw new Error(`work ${n} failed`)
      return n
    }),
  )
  seen.waiting = gate.waiting()
  return { seen, all }
}

test('no more than allowed work at once, in the order in which they came, also after one failed', async () => {
  const { seen, all } = works(7)
  expect(seen.waiting).toBe(5)
  const ended = await Promise.allSettled(all)
  expect(seen.most).toBe(2)
  expect(seen.order).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(ended.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, false, true, true])
})

test('who comes at the moment in which a place is handed on does not slip in as one too many', async () => {
  const gate = atMost(1)
  let at = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++at)
    await null
    at--
  }
  const first = gate.turn(work)
  const second = gate.turn(work)
  const third = first.then(() => gate.turn(work))
  await Promise.all([first, second, third])
  expect([most, gate.waiting()]).toEqual([1, 0])
})
