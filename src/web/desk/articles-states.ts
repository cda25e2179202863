import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import { instant } from '../../../db/instant.ts'
import type { Article } from '../../articles/index.ts'
import { say } from '../../locale.ts'
import * as sources from '../../sources/index.ts'
import { oneLine } from '../../text.ts'
import type { Html } from '../pages.ts'
import { pagesOf } from './frame.ts'
import type { Visit } from './routes.ts'

export const ROOM = '/admin/articles'

/** What the room lists: articles by their state, what is being written, what waits for review. */
export const STATES = ['', 'published', 'scheduled', 'withdrawn', 'draft', 'waiting'] as const
export type State = (typeof STATES)[number]

/** The state that the address asks for. */
export function stateIn({ query }: Visit): State {
  return STATES.find((one) => one === query.get('state')) ?? ''
}

/** What is typed into a filter of this name. */
export function typedIn({ query }: Visit, name: string): string {
  return oneLine((query.get(name) ?? '').slice(0, 200)).normalize('NFC')
}

const KEPT = ['q', 'state', 'section', 'language', 'source', 'author'] // of the address, after a deed

/** The filters of an address, without what else it may hold. */
export function keptOf(query: URLSearchParams): string {
  return new URLSearchParams(KEPT.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : []))).toString()
}

/** The room with the filters that a form remembered. */
export function roomWith(back: string): string {
  const kept = keptOf(new URLSearchParams(back.slice(0, 2000)))
  return kept ? `${ROOM}?${kept}` : ROOM
}

/** The room's own lists, below its heading. */
export function tabs({ language }: Visit, state: State | undefined): Html {
  const here = state === 'draft' || state === 'waiting' ? `${ROOM}?state=${state}` : state === undefined ? '' : ROOM
  return pagesOf(say(language, 'desk.articles'), here, [
    [ROOM, say(language, 'desk.articles-all')],
    [`${ROOM}?state=draft`, say(language, 'desk.articles-drafts')],
    [`${ROOM}?state=waiting`, say(language, 'desk.articles-waiting')],
  ])
}

/** How an article stands towards readers. */
export function standingOf(article: Pick<Article, 'withdrawn_at' | 'published_at'>, now: Instant) {
  if (article.withdrawn_at !== null) return 'withdrawn'
  return article.published_at > now ? 'scheduled' : 'published'
}

/** The same in a word. */
export function standing({ app, language }: Visit, article: Pick<Article, 'withdrawn_at' | 'published_at'>): Html {
  const state = standingOf(article, instant(app.now()))
  return html`<span class="state ${state}">${say(language, `desk.articles-state-${state}`)}</span>`
}

/** What each source is called, by its inner id; the desk too. */
export async function sourceNames({ app, language }: Visit): Promise<Map<number, string>> {
  const all = await sources.all(app.read)
  return new Map([
    [0, say(language, 'desk.articles-desk')],
    ...all.map(({ id, title, home, url }) => [id, oneLine(title) || home || url] as [number, string]),
  ])
}
