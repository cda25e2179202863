import { createHash } from 'node:crypto'
import { instant } from '../../db/instant.ts'
import * as intake from '../intake/index.ts'
import { Problem } from '../problem.ts'
import * as reading from '../reading/index.ts'
import type { Polled } from '../sources/source.ts'
import { type Answer, ask, type Turn } from './asking.ts'
import { asPolled, elapsed, originOf } from './ending.ts'
import { homeOf } from './root.ts'
import { note, type State } from './state.ts'
import { keep } from './taking.ts'

const FEEDS = 'application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5'
const MOST_PAGES = 10_000
const GONE = ['closed', 'missing', 'past']

/** Takes the next page of a site's feed, from the newest down, until one is not there or brings nothing new. */
export async function fillFromFeed(turn: Turn, state: State): Promise<Polled | undefined> {
  const page = await readPage(turn, state)
  if ('answer' in page) {
    if (state.page > 1 && GONE.includes(page.answer.kind)) return end(turn, state)
    return shut(turn, state, page.answer)
  }
  if ('unreadable' in page) {
    if (state.page > 1) return end(turn, state) // beyond the last page stands the home page, or an error
    return { status: 'error', error: page.unreadable }
  }
  const { items } = page.document
  const marks = items.map(({ guid }) => mark(guid))
  const known = [...(state.marks?.first ?? []), ...(state.marks?.last ?? [])]
  if (marks.every((one) => known.includes(one)) || state.page > MOST_PAGES) return end(turn, state)
  const archive = items.filter(({ published_at }) => (published_at ?? 0) < state.began)
  await bring(turn, archive, true)
  await bring(
    turn,
    items.filter((item) => !archive.includes(item)),
    false,
  )
  state.marks = { first: state.page === 1 ? marks : (state.marks?.first ?? []), last: marks }
  state.page += 1
  await keep(turn.app.db, turn, state)
  return undefined
}

/** Asks for the feed and takes what is new; what has gone from its middle is asked for by its address. */
export async function followFeed(turn: Turn, state: State): Promise<Polled | undefined> {
  if (state.retry !== undefined && elapsed(turn, state.retry, 0)) {
    state.phase = 'start'
    await keep(turn.app.db, turn, state)
    return undefined
  }
  const page = await readPage(turn, state)
  if ('answer' in page) return shut(turn, state, page.answer)
  if ('unreadable' in page) return { status: 'error', error: page.unreadable }
  const { items, deleted } = page.document
  const { app, actor, source } = turn
  const { missing } = await intake.take(app, actor, source, { items, deleted, first: false, window: true })
  const gone: string[] = []
  for (const { key, link } of missing.slice(0, 10)) if (await isGone(turn, link)) gone.push(key)
  if (gone.length > 0) await intake.gone(app, actor, source, gone)
  return { status: 'ok' }
}

type Refused = Exclude<Answer, { kind: 'ok' }>
type Page = { document: reading.Document } | { answer: Refused } | { unreadable: string }

async function readPage(turn: Turn, state: State): Promise<Page> {
  const home = homeOf(turn.source.url)
  const addresses = state.feed ? [state.feed] : [`${home}feed/`, `${home}?feed=rss2`]
  let last: Page = { unreadable: 'there is no feed' }
  for (const address of addresses) {
    last = await readAt(turn, paged(address, state.page))
    if ('document' in last) {
      state.feed = address
      return last
    }
    if ('answer' in last && !GONE.includes(last.answer.kind)) return last
  }
  return last
}

async function readAt(turn: Turn, address: string): Promise<Page> {
  const answer = await ask(turn, address, FEEDS)
  if (answer.kind !== 'ok') return { answer }
  try {
    const { body, url, contentType } = answer
    return { document: await reading.read(body, { ...originOf(turn), url, ...(contentType && { contentType }) }) }
  } catch (error) {
    if (error instanceof Problem) return { unreadable: String(error.values['reason'] ?? error.code) }
    throw error
  }
}

function paged(address: string, page: number): string {
  const url = new URL(address)
  if (page > 1) url.searchParams.set('paged', String(page))
  return url.href
}

/** Where the feed is closed too, the API may have opened. */
async function shut(turn: Turn, state: State, answer: Refused): Promise<Polled> {
  if (GONE.includes(answer.kind)) state.phase = 'start'
  await keep(turn.app.db, turn, state)
  return asPolled(answer)
}

async function end(turn: Turn, state: State): Promise<undefined> {
  if (state.page > MOST_PAGES) note(state, `the feed was read no further than ${MOST_PAGES} pages`)
  Object.assign(state, { phase: 'feed', fed: instant(turn.app.now()), page: 1 } satisfies Partial<State>)
  delete state.marks
  await keep(turn.app.db, turn, state)
}

async function bring({ app, actor, source }: Turn, items: reading.Item[], first: boolean): Promise<void> {
  if (items.length > 0) await intake.take(app, actor, source, { items, deleted: [], first, window: false })
}

async function isGone(turn: Turn, link: string): Promise<boolean> {
  const answer = await ask(turn, link, 'text/html')
  return answer.kind === 'closed' && /\b(404|410)\b/.test(answer.reason)
}

function mark(guid: string): string {
  return createHash('sha256').update(guid).digest('base64url').slice(0, 10)
}
