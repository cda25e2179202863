import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import type * as fetching from '../fetching/index.ts'
import { Problem } from '../problem.ts'
import type { Polled, Source } from '../sources/source.ts'
import { Ended, type Turn } from './asking.ts'
import { pausedBy } from './ending.ts'
import { fill } from './fill.ts'
import { learnName } from './naming.ts'
import { fillFromFeed, followFeed } from './paged-feed.ts'
import { find, homeOf } from './root.ts'
import { close, note, readState, type State } from './state.ts'
import { sweep } from './sweep.ts'
import { keep } from './taking.ts'
import { follow as watch } from './watch.ts'

/** How far a mirror has come, for people: posts held of those the site has, and what was left out, in English. */
export type Progress = { phase: State['phase']; held: number; total: number | null; notes: string[] }

const TURN = 8000 // ms: others on the same host wait no longer for their turn than this and one answer
const LONGEST_TURN = 20_000 // ms, and then a page is read: a poll ends within 30 s

const STEPS: Record<State['phase'], (turn: Turn, state: State) => Promise<Polled | undefined>> = {
  start,
  fill,
  sweep,
  follow: watch,
  'feed-fill': fillFromFeed,
  feed: followFeed,
}

/** Who may stop a turn, and what it awaits before each request. */
export type Manner = { signal?: AbortSignal; entering?: fetching.Wanted['entering'] }

/**
 * One turn of following a WordPress site: a bounded part of the back-fill, or what has changed since.
 *
 * How far it has come is written after each page: a kill costs one page at most, and whoever polls next goes on there.
 * Told to stop, it ends between two pages as if its time were over. A site that is so slow that nothing could be kept in
 * all that time has failed.
 */
export async function follow(app: App, actor: Actor, source: Source, manner: Manner = {}): Promise<Polled> {
  const limit = AbortSignal.timeout(LONGEST_TURN)
  const turn = opened(app, actor, source, manner, limit)
  const state = readState(await current(app, source), instant(app.now()))
  try {
    while (!turn.ended!() && !manner.signal?.aborted) {
      const polled = await STEPS[state.phase](turn, state)
      if (polled) return told(polled, turn)
    }
  } catch (error) {
    const late = error instanceof Ended || (limit.aborted && wasAborted(error))
    if (!late && !manner.signal?.aborted) throw error
    if (late && !turn.kept) return { status: 'error', error: `it took longer than ${LONGEST_TURN / 1000} s to answer` }
  }
  return told({ status: 'ok', again: true }, turn)
}

function opened(app: App, actor: Actor, source: Source, { signal, entering }: Manner, limit: AbortSignal): Turn {
  const end = performance.now() + TURN
  return {
    app,
    actor,
    source,
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    ...(entering && { entering }),
    ended: () => performance.now() > end,
  }
}

/** What a request or a pause throws that was cut short; anything else is a fault, however late. */
function wasAborted(error: unknown): boolean {
  return error instanceof Problem || (error instanceof Error && error.name === 'AbortError')
}

function told(polled: Polled, { took }: Turn): Polled {
  return took ? { ...polled, report: { ...polled.report, ...took } } : polled
}

/** How far the mirror of a source has come, by its cursor. */
export function progress(source: Source): Progress {
  const { phase, filled, total, notes } = readState(source, source.created_at)
  return { phase, held: filled ?? 0, total: total ?? null, notes }
}

/** Looks for the site's REST API, and turns to its feed where that is closed. */
async function start(turn: Turn, state: State): Promise<Polled | undefined> {
  const found = await find(turn, homeOf(turn.source.url))
  if ('trouble' in found) return pausedBy(turn, state, found.trouble)
  if ('api' in found) {
    await learnName(turn, found.api)
    Object.assign(state, { api: found.api, page: 1, phase: state.whole === undefined ? 'fill' : 'follow' })
    if (found.total !== undefined) state.total = found.total
    delete state.swept // whatever happened meanwhile, the numbers are compared
  } else {
    note(state, `the REST API is closed (${found.closed}): the feed is read instead`)
    state.page = 1
    close(state, instant(turn.app.now()))
  }
  await keep(turn.app.db, turn, state)
  return undefined
}

/** The source as it is now: the caller's may have been read before the last turn. */
async function current(app: App, source: Source): Promise<Source> {
  const row = await app.db.selectFrom('source').select('cursor').where('id', '=', source.id).executeTakeFirst()
  return { ...source, cursor: row?.cursor ?? null }
}
