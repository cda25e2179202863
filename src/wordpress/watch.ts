import { instant } from '../../db/instant.ts'
import type { Polled } from '../sources/source.ts'
import { type Answer, ask, posts, type Turn } from './asking.ts'
import { elapsed, pausedBy } from './ending.ts'
import { takeThese } from './one-by-one.ts'
import { type Head, readHeads } from './rest.ts'
import { freshSweep, type State, since } from './state.ts'
import { changedOf, keep, take } from './taking.ts'

const HEADS = 100
const SEVERAL = 10 // on a page: some sites give no more, however many are asked for
const LIGHT = { per_page: HEADS, _fields: 'id,modified_gmt' }
const DAY = 86_400_000 // ms
const HOUR = 3_600_000

/**
 * Asks a mirrored site what is new and what has changed, and takes that. When the numbers then do not add up, or a day has
 * passed, a sweep comes next.
 *
 * What is new is asked by date: a post that was scheduled appears without being modified.
 */
export async function follow(turn: Turn, state: State): Promise<Polled | undefined> {
  if (state.page === 1) {
    const newest = await ask(turn, posts(state.api!, { ...LIGHT, orderby: 'date', order: 'desc' }))
    const heads = headsIn(newest)
    if (!heads || newest.kind !== 'ok') return pausedBy(turn, state, newest)
    if (newest.total === undefined) delete state.total
    else state.total = newest.total
    const ended = await takeThese(turn, state, await changedOf(turn, heads))
    if (ended) return ended
  }
  return changes(turn, state)
}

/** The next page of what was modified, the newest first, until one brings nothing. */
async function changes(turn: Turn, state: State): Promise<Polled | undefined> {
  const after = since(state)
  const question = { ...LIGHT, orderby: 'modified', order: 'desc', page: state.page }
  const answer = await ask(turn, posts(state.api!, { ...question, ...(after && { modified_after: after }) }))
  const heads = answer.kind === 'past' || unordered(answer) ? [] : headsIn(answer)
  if (!heads) return pausedBy(turn, state, answer)
  const changed = await changedOf(turn, heads)
  const ended = await takeThese(turn, state, changed)
  if (ended) return ended
  if (changed.length > 0 && heads.length >= SEVERAL) {
    state.page += 1
    await take(turn, state, [])
    return undefined
  }
  state.page = 1
  if (state.newest !== undefined) state.modified = state.newest
  return settle(turn, state)
}

async function settle(turn: Turn, state: State): Promise<Polled | undefined> {
  await keep(turn.app.db, turn, state) // counts what we hold
  const daily = elapsed(turn, state.swept, state.total === undefined ? HOUR : DAY)
  if (!daily && !state.doubted && !differs(state)) return { status: 'ok' }
  state.phase = 'sweep'
  state.sweep = freshSweep(instant(turn.app.now()), daily || state.doubted !== undefined)
  await keep(turn.app.db, turn, state)
  return undefined
}

/** Whether the site's number of posts is another than ours, and not as it was when the last sweep found no reason. */
function differs({ total, filled, unexplained }: State): boolean {
  return total !== undefined && total !== filled && unexplained !== `${total}/${filled}`
}

/** A WordPress before 4.9 knows no order by modification: the daily sweep finds what was edited. */
function unordered(answer: Answer): boolean {
  return answer.kind === 'broken' && answer.reason.includes('rest_invalid_param')
}

function headsIn(answer: Answer): Head[] | undefined {
  return answer.kind === 'ok' ? readHeads(answer.body) : undefined
}
