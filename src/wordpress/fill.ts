import { instant } from '../../db/instant.ts'
import type { Polled } from '../sources/source.ts'
import { type Answer, ask, posts, type Turn } from './asking.ts'
import { originOf, pausedBy } from './ending.ts'
import { shortAddress } from './post.ts'
import { readApart } from './post-reader.ts'
import { type Post, readHeads } from './rest.ts'
import { homeOf } from './root.ts'
import { close, freshSweep, note, type State } from './state.ts'
import { numbersOf, take } from './taking.ts'

const EASY = 400_000 // bytes of a page that may become a larger one
const HEAVY = 1_500_000 // bytes of a page that holds the others up

const ORDER = { orderby: 'id', order: 'asc' }

/**
 * Takes the next page of all that the site has, by ascending numbers: new posts come at the end. What a deletion meanwhile
 * lets it jump over is found by the sweep that follows. Answers how the turn ends, if it does.
 */
export async function fill(turn: Turn, state: State): Promise<Polled | undefined> {
  const page = Math.floor(state.offset / state.size) + 1 // begins at or before the offset: sizes change
  const answer = await ask(turn, posts(state.api!, { per_page: state.size, page, _embed: 1, ...ORDER }))
  if (answer.kind === 'past') return finish(turn, state)
  const read = answer.kind === 'ok' ? await readApart(answer.body, originOf(turn)) : undefined
  if (answer.kind !== 'ok' || !read) return narrow(turn, state, answer)
  return taken(turn, state, { page, posts: read, total: answer.total, bytes: answer.body.length })
}

type Page = { page: number; posts: Post[]; total: number | undefined; bytes: number }

async function taken(turn: Turn, state: State, { page, posts, total, bytes }: Page): Promise<Polled | undefined> {
  const { size } = state
  const numbers = numbersOf(posts)
  if (posts.length === 0) return finish(turn, state)
  if (page > 1 && state.lowest !== undefined && numbers.includes(state.lowest)) return stuck(turn, state)
  const through = (page - 1) * size + posts.length
  const more = posts.length < size && total !== undefined && through < total
  const capped = more && posts.length <= size / 2
  if (page === 1) state.lowest = Math.min(...numbers)
  if (total !== undefined) state.total = total
  if (capped) {
    Object.assign(state, { most: posts.length, size: posts.length, offset: page === 1 ? through : state.offset })
  } else {
    state.offset = more ? page * size : through
    resize(state, bytes)
  }
  if (posts.length < size && !more) end(turn, state)
  await take(turn, state, posts)
  return undefined
}

/** A cache that ignores the question answers the first page for ever. */
async function stuck(turn: Turn, state: State): Promise<undefined> {
  note(state, 'the REST API answers the same page whatever is asked: the feed is read instead')
  close(state, instant(turn.app.now()))
  await take(turn, state, [])
}

function resize(state: State, bytes: number): void {
  if (bytes > HEAVY) state.size = Math.max(Math.floor(state.size / 2), 1)
  else if (bytes < EASY) state.size = Math.min(state.size * 2, state.most)
}

async function finish(turn: Turn, state: State): Promise<undefined> {
  end(turn, state)
  await take(turn, state, [])
}

function end({ app }: Turn, state: State): void {
  const now = instant(app.now())
  Object.assign(state, { phase: 'sweep', whole: now, page: 1, sweep: freshSweep(now, true) } satisfies Partial<State>)
}

/** A page that fails or is too large is asked for in smaller ones; a single post that fails is left out. */
async function narrow(turn: Turn, state: State, answer: Answer): Promise<Polled | undefined> {
  const unreadable: Answer = answer.kind === 'ok' ? { kind: 'broken', reason: 'it is no list of posts' } : answer
  if (unreadable.kind !== 'broken' && unreadable.kind !== 'large') return pausedBy(turn, state, unreadable)
  if (state.size > 1) {
    state.size = Math.max(Math.floor(state.size / 4), 1)
    await take(turn, state, [])
    return undefined
  }
  const question = { per_page: 1, page: state.offset + 1, _fields: 'id,modified_gmt', ...ORDER }
  const light = await ask(turn, posts(state.api!, question))
  const [head] = (light.kind === 'ok' && readHeads(light.body)) || []
  if (!head) return pausedBy(turn, state, light.kind === 'ok' ? unreadable : light)
  state.offset += 1
  note(state, `post ${head.number} was left out: ${unreadable.reason}`)
  const guid = shortAddress(head.number, homeOf(turn.source.url))
  await take(turn, state, [{ ...head, guid, skipped: unreadable.reason }])
  return undefined
}
