import { instant } from '../../db/instant.ts'
import type { Polled } from '../sources/source.ts'
import { ask, posts, type Turn } from './asking.ts'
import { confirm } from './confirm.ts'
import { pausedBy } from './ending.ts'
import { takeThese } from './one-by-one.ts'
import { type Head, readHeads } from './rest.ts'
import { note, type State, type Sweep } from './state.ts'
import { changedOf, keep, numbersOf } from './taking.ts'

const HEADS = 100

/**
 * Compares a page of the site's numbers with ours, from the newest down: what we do not hold is fetched, what is not listed
 * is marked as missing. A sweep that is not to be whole ends where the rest adds up. Then the missing ones are asked for.
 */
export async function sweep(turn: Turn, state: State): Promise<Polled | undefined> {
  const { sweep } = state
  if (!sweep || sweep.listed) return confirm(turn, state)
  const question = { per_page: HEADS, page: sweep.page, orderby: 'id', order: 'desc', _fields: 'id,modified_gmt' }
  const answer = await ask(turn, posts(state.api!, question))
  const heads = answer.kind === 'past' ? [] : answer.kind === 'ok' ? readHeads(answer.body) : undefined
  if (!heads) return pausedBy(turn, state, answer)
  if (answer.kind === 'ok' && answer.total !== undefined) state.total = answer.total
  if (!descending(heads, sweep.below)) return abandon(turn, state)
  const ended = await takeThese(turn, state, await changedOf(turn, heads))
  if (ended) return ended
  await compare(turn, state, sweep, heads)
  await keep(turn.app.db, turn, state)
  return undefined
}

/** Marks what we hold in the range of this page and the page has not. */
async function compare(turn: Turn, state: State, sweep: Sweep, heads: Head[]): Promise<void> {
  const listed = numbersOf(heads)
  sweep.seen += heads.length
  const last = heads.length === 0 || (heads.length < HEADS && sweep.seen >= (state.total ?? 0))
  const from = last ? 0 : Math.min(...listed)
  const now = instant(turn.app.now())
  const held = () =>
    turn.app.db
      .updateTable('wordpress_post')
      .where('source_id', '=', turn.source.id)
      .where('state', '!=', 'gone')
      .where('number', '>=', from)
      .$if(sweep.below !== null, (query) => query.where('number', '<', sweep.below))
  await held().set({ missing_at: now }).where('missing_at', 'is', null).where('number', 'not in', listed).execute()
  await held().set({ missing_at: null }).where('missing_at', 'is not', null).where('number', 'in', listed).execute()
  sweep.below = from
  sweep.page += 1
  sweep.listed = last || (!sweep.whole && (await beneath(turn, from)) === (state.total ?? 0) - sweep.seen)
}

/** How many we hold with lower numbers. */
async function beneath({ app, source }: Turn, number: number): Promise<number> {
  const { n } = await app.db
    .selectFrom('wordpress_post')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('source_id', '=', source.id)
    .where('state', '!=', 'gone')
    .where('number', '<', number)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** Whether a page goes on downwards; it may begin with what was on the one before. */
function descending(heads: Head[], below: number | null): boolean {
  const ordered = heads.every(({ number }, at) => at === 0 || number < heads[at - 1]!.number)
  return ordered && (heads.length === 0 || below === null || heads.at(-1)!.number < below)
}

async function abandon(turn: Turn, state: State): Promise<undefined> {
  note(state, 'the site does not list its posts in the order that is asked for: what is deleted there is not noticed')
  Object.assign(state, { phase: 'follow', swept: instant(turn.app.now()), page: 1 } satisfies Partial<State>)
  delete state.sweep
  state.unexplained = `${state.total}/${state.filled}`
  await keep(turn.app.db, turn, state)
}
