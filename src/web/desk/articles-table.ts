import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import { instant } from '../../../db/instant.ts'
import * as articles from '../../articles/index.ts'
import type { Filter } from '../../channels.ts'
import * as channels from '../../channels.ts'
import { languageName, say } from '../../locale.ts'
import { openFinder } from '../../marks.ts'
import { fold } from '../../text.ts'
import type { Html } from '../pages.ts'
import { marked } from './articles-sought.ts'
import { ROOM, STATES, type State, sourceNames, standing, stateIn, typedIn } from './articles-states.ts'
import { choice, field } from './fields.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { type Column, filters, table } from './table.ts'

const PAGE = 50
const MOST_CHOICES = 300

/** The fields that choose what is listed. */
export async function articleFilters(visit: Visit): Promise<Html> {
  const { app, language } = visit
  const any = ['', say(language, 'desk.articles-any')] as const
  const sections = await articles.sections(app.read, MOST_CHOICES)
  const languages = await articles.languages(app.read, MOST_CHOICES)
  const sources = [...(await sourceNames(visit))].map(([id, name]) => [String(id), name] as const)
  const states = STATES.map((state) => [state, say(language, `desk.articles-state-${state || 'any'}`)] as const)
  return filters(
    visit,
    html`${field(language, { name: 'q', label: 'desk.articles-search', type: 'search', value: typedIn(visit, 'q'), max: 200 })}
${choice(language, { name: 'state', label: 'desk.articles-state', value: stateIn(visit), options: states })}
${choice(language, { name: 'section', label: 'desk.articles-section', value: typedIn(visit, 'section'), options: [any, ...sections.map(({ key, name }) => [key, name] as const)] })}
${choice(language, { name: 'language', label: 'desk.articles-language', value: typedIn(visit, 'language'), options: [any, ...languages.map((tag) => [tag, languageName(tag, language)] as const)] })}
${choice(language, { name: 'source', label: 'desk.articles-source', value: typedIn(visit, 'source'), options: [any, ...sources] })}
${field(language, { name: 'author', label: 'desk.articles-author', value: typedIn(visit, 'author'), max: 200 })}`,
  )
}

/** The articles that were asked for, a page of them. */
export async function articleTable(
  visit: Visit,
  state: Exclude<State, 'draft' | 'waiting'>,
  above: Html | false,
): Promise<Html> {
  const { app, language } = visit
  const query = typedIn(visit, 'q')
  const before = placeIn(visit)
  const { ids, words } = await articles.browse(app.read, {
    ...{ state: state || 'any', filter: await filterIn(visit), now: instant(app.now()), limit: PAGE + 1 },
    ...(query && { query }),
    ...(before && { before }),
  })
  const rows = await articles.rows(app.read, ids.slice(0, PAGE), words.length > 0)
  const last = rows.at(-1)
  return table(visit, {
    ...{ above, rows, columns: await columnsOf(visit, words), caption: say(language, 'desk.articles') },
    after: ids.length > PAGE && last ? `${last.published_at}-${last.id}` : undefined,
    empty: html`${say(language, 'desk.articles-none')} <a class="go" href="${ROOM}/new">${say(language, 'desk.articles-new')}</a>`,
    choose: { form: 'deeds', id: ({ public_id }) => public_id, name: ({ title }) => title },
  })
}

async function filterIn(visit: Visit): Promise<Filter> {
  const [section, language, source, author] = ['section', 'language', 'source', 'author'].map((name) =>
    typedIn(visit, name),
  )
  return channels.sized(visit.app.read, {
    ...(section && { section: [section] }),
    ...(language && { language: [language] }),
    ...(source && /^\d{1,9}$/.test(source) && { source: [Number(source)] }),
    ...(author && { author: [fold(author) || author] }),
  })
}

function placeIn({ query }: Visit): { published_at: Instant; id: number } | undefined {
  const [, at, id] = /^(-?\d{1,15})-(\d{1,15})$/.exec(query.get('after') ?? '') ?? []
  return at === undefined ? undefined : { published_at: Number(at) as Instant, id: Number(id) }
}

async function columnsOf(visit: Visit, words: string[]): Promise<Column<articles.Row>[]> {
  const { language } = visit
  const names = await sourceNames(visit)
  return [
    { name: 'desk.articles-title', cell: (row) => titleOf(row, words) },
    { name: 'desk.articles-state', cell: (row) => standing(visit, row) },
    { name: 'desk.articles-at', cell: ({ published_at }) => momentOf(visit, published_at) },
    { name: 'desk.articles-section', cell: ({ section }) => html`<bdi>${section ?? ''}</bdi>` },
    { name: 'desk.articles-source', cell: ({ source_id }) => html`<bdi>${names.get(source_id) ?? source_id}</bdi>` },
    {
      name: 'desk.articles-authors',
      cell: ({ authors }) => html`<bdi>${authors.join(language === 'ar' ? '، ' : ', ')}</bdi>`,
    },
    { name: 'desk.articles-language', cell: (row) => languageName(row.language, language) },
  ]
}

/** The title with what was looked for; where it stands in the text only, some words around it. */
function titleOf({ public_id, title, excerpt, text }: articles.Row, words: string[]): Html {
  const link = (words: Html | string) => html`<a href="${ROOM}/${public_id}" dir="auto">${words}</a>`
  if (words.length === 0) return link(title)
  const finder = openFinder(words)
  const found = finder.pieces(title)
  const around = found.some(({ matched }) => matched) ? undefined : (finder.snippet(text) ?? excerpt)
  return html`${link(marked(found))}${around && html`<span class="small" dir="auto">${marked(finder.pieces(around))}</span>`}`
}
