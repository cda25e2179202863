import { type Instant, instant } from '../../db/instant.ts'
import type { Polled } from '../sources/source.ts'
import { ask, posts, type Turn } from './asking.ts'
import { pausedBy } from './ending.ts'
import { note, type State } from './state.ts'
import { drop, type Held, keep } from './taking.ts'

type Missing = Held & { missing_at: Instant }

const AT_ONCE = 10
const FEW = 10 // that many may go whatever the site's size

/**
 * Asks for some of the posts that were not listed, one by one: what the site says it has not, or not for us, is gone. When
 * half of all is missing the site is thought broken first: those count only if the next sweep misses them too.
 */
export async function confirm(turn: Turn, state: State): Promise<Polled | undefined> {
  const began = state.sweep?.began ?? instant(turn.app.now())
  const n = await countMissing(turn)
  const doubtful = n > FEW && n > (state.filled ?? 0) / 2
  const believed = await missing(turn, doubtful || state.doubted ? began : undefined)
  if (believed.length === 0) return finish(turn, state, n > 0)
  for (const post of believed) {
    const ended = await settle(turn, state, post, began)
    if (ended) return ended
  }
  await keep(turn.app.db, turn, state)
  return undefined
}

async function settle(turn: Turn, state: State, post: Missing, began: Instant): Promise<Polled | undefined> {
  const answer = await ask(turn, posts(state.api!, { _fields: 'id' }, post.number))
  if (answer.kind === 'ok') await found(turn, post)
  else if (answer.kind === 'missing') await drop(turn, [post])
  else if (answer.kind !== 'closed') return pausedBy(turn, state, answer)
  else if (post.missing_at < began || (await others(turn, state))) await drop(turn, [post])
  else return finish(turn, state, true) // no post can be had by its number: the next sweep decides
  return undefined
}

/** Whether a post that is listed can be had by its number: then a refusal is about the other one. */
async function others(turn: Turn, state: State): Promise<boolean> {
  const listed = await turn.app.db
    .selectFrom('wordpress_post')
    .select('number')
    .where('source_id', '=', turn.source.id)
    .where('state', '=', 'taken')
    .where('missing_at', 'is', null)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return !!listed && (await ask(turn, posts(state.api!, { _fields: 'id' }, listed.number))).kind === 'ok'
}

async function finish(turn: Turn, state: State, doubted: boolean): Promise<Polled> {
  const { sweep } = state
  const now = instant(turn.app.now())
  if (doubted) note(state, 'posts that were not listed are looked for once more before they are believed to be gone')
  if (doubted) state.doubted = now
  else delete state.doubted
  if (sweep?.whole) state.swept = now
  delete state.sweep
  Object.assign(state, { phase: 'follow', page: 1 } satisfies Partial<State>)
  await keep(turn.app.db, turn, state) // counts what we hold
  state.unexplained = `${state.total}/${state.filled}`
  await keep(turn.app.db, turn, state)
  return { status: 'ok' }
}

async function found(turn: Turn, { number }: Held): Promise<void> {
  const { app, source } = turn
  await app.db
    .updateTable('wordpress_post')
    .set({ missing_at: null })
    .where('source_id', '=', source.id)
    .where('number', '=', number)
    .execute()
  turn.kept = true
}

/** Some that are missing; of those that an earlier sweep missed too, where that is asked. */
async function missing({ app, source }: Turn, before?: Instant): Promise<Missing[]> {
  const rows = await app.db
    .selectFrom('wordpress_post')
    .select(['number', 'guid', 'state', 'modified_at', 'missing_at'])
    .where('source_id', '=', source.id)
    .where('missing_at', 'is not', null)
    .where('state', '!=', 'gone')
    .$if(before !== undefined, (query) => query.where('missing_at', '<', before!))
    .orderBy('number')
    .limit(AT_ONCE)
    .execute()
  return rows.map((row) => ({ ...row, missing_at: row.missing_at! }))
}

async function countMissing({ app, source }: Turn): Promise<number> {
  const { n } = await app.db
    .selectFrom('wordpress_post')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('source_id', '=', source.id)
    .where('missing_at', 'is not', null)
    .where('state', '!=', 'gone')
    .executeTakeFirstOrThrow()
  return Number(n)
}
