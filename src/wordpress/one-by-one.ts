import type { Polled } from '../sources/source.ts'
import { type Answer, ask, posts, type Turn } from './asking.ts'
import { originOf, pausedBy } from './ending.ts'
import { shortAddress } from './post.ts'
import { readApart } from './post-reader.ts'
import { type Head, type Post, readHeads } from './rest.ts'
import { homeOf } from './root.ts'
import type { State } from './state.ts'
import { drop, heldOf, numbersOf, take } from './taking.ts'

const TOGETHER = 20

/** Fetches and takes these posts, the newest last; together where the site can do that, else one by one. */
export async function takeThese(turn: Turn, state: State, heads: Head[]): Promise<Polled | undefined> {
  const ordered = [...heads].sort((a, b) => a.number - b.number)
  for (let start = 0; start < ordered.length; start += TOGETHER) {
    const some = ordered.slice(start, start + TOGETHER)
    const fetched = some.length > 1 ? await together(turn, state, some) : []
    await take(turn, state, fetched)
    for (const head of some) {
      if (fetched.some(({ number }) => number === head.number)) continue
      const ended = await takeOne(turn, state, head)
      if (ended) return ended
    }
  }
  return undefined
}

/** As many of them as one answer brings. */
async function together(turn: Turn, state: State, heads: Head[]): Promise<Post[]> {
  const numbers = numbersOf(heads)
  const question = { include: numbers.join(), per_page: heads.length, _embed: 1, orderby: 'id', order: 'asc' }
  const answer = await ask(turn, posts(state.api!, question))
  const read = answer.kind === 'ok' ? await readApart(answer.body, originOf(turn)) : []
  return (read ?? []).filter(({ number }) => numbers.includes(number)) // a site that knows no `include` answers others
}

async function takeOne(turn: Turn, state: State, head: Head): Promise<Polled | undefined> {
  const answer = await ask(turn, posts(state.api!, { _embed: 1 }, head.number))
  const read = answer.kind === 'ok' ? await readApart(answer.body, originOf(turn)) : undefined
  const post = read?.find(({ number }) => number === head.number)
  if (post) {
    await take(turn, state, [post])
    return undefined
  }
  if (answer.kind === 'missing') {
    await drop(turn, [...(await heldOf(turn.app.db, turn.source.id, [head.number])).values()])
    return undefined
  }
  return leaveOut(turn, state, head, answer)
}

/** A post that alone cannot be had is left out until it changes; if the site fails over all, the turn ends. */
async function leaveOut(turn: Turn, state: State, head: Head, answer: Answer): Promise<Polled | undefined> {
  if (answer.kind === 'busy' || answer.kind === 'silent') return pausedBy(turn, state, answer)
  const other = await ask(turn, posts(state.api!, { per_page: 1, _fields: 'id,modified_gmt' }))
  if (other.kind !== 'ok' || !readHeads(other.body)) return pausedBy(turn, state, other)
  const reason = answer.kind === 'ok' ? 'what the site answers cannot be read' : answer.reason
  const held = (await heldOf(turn.app.db, turn.source.id, [head.number])).get(head.number)
  const guid = held?.guid ?? shortAddress(head.number, homeOf(turn.source.url))
  await take(turn, state, [{ ...head, guid, skipped: reason }])
  return undefined
}
