import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { importRoutes } from './imports.ts'
import { momentOf } from './moments.ts'
import { deedRoutes } from './readers-deeds.ts'
import { oneReaderRoutes } from './readers-one.ts'
import { READERS, readersPage } from './readers-page.ts'
import { soughtForm, soughtIn } from './readers-sought.ts'
import { listNames } from './readers-timeline.ts'
import { mistake } from './refusal.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { segmentRoutes } from './segments.ts'
import { suppressionRoutes } from './suppressions.ts'
import { type Column, table } from './table.ts'

const PAGE = 50

/** The readers: found, brought in, told apart. */
export const readerRoutes: Route[] = [
  { method: 'GET', path: READERS, allow: 'reader.read', list: 'any', answer: room },
  ...importRoutes,
  ...suppressionRoutes,
  ...segmentRoutes,
  ...deedRoutes,
  ...oneReaderRoutes,
]

async function room(visit: Visit): Answer {
  const { c, language } = visit
  const { found, problem } = await foundFor(visit)
  const page = await readersPage(
    visit,
    READERS,
    say(language, 'desk.readers'),
    html`${mistake(language, problem)}${await soughtForm(visit)}${table(visit, {
      rows: found.readers,
      after: found.next,
      columns: columnsFor(visit, await listNames(visit)),
      caption: say(language, 'desk.readers'),
      empty: visit.query.size > 0 ? say(language, 'desk.readers-none-found') : nobody(visit),
    })}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** While there are none: where they come from. */
function nobody({ language }: Visit): Html {
  return html`${say(language, 'desk.readers-none')} <a class="go" href="${READERS}/import">${say(language, 'desk.imports')}</a> · <a class="go" href="/subscribe">${say(language, 'desk.start-subscribe')}</a>`
}

type Found = { readers: subscribers.Found[]; next?: string }

/** The page of readers that the address asks for, or why it cannot be. */
async function foundFor(visit: Visit): Promise<{ found: Found; problem?: Problem }> {
  const { app, query, c } = visit
  const after = query.get('after')?.slice(0, 20)
  try {
    const { signal } = c.req.raw
    const options = { limit: PAGE, signal, ...(after && { after }) }
    return { found: await subscribers.find(app.read, await soughtIn(visit), options) }
  } catch (problem) {
    if (problem instanceof Problem) return { found: { readers: [] }, problem }
    throw problem
  }
}

function columnsFor(visit: Visit, names: Map<string, string>): Column<subscribers.Found>[] {
  const { language, query } = visit
  return [
    { name: 'desk.readers-address', cell: (reader) => whoIn(language, reader) },
    { name: 'desk.readers-name', cell: ({ name }) => html`<bdi>${name ?? ''}</bdi>` },
    { name: 'desk.readers-lists', cell: ({ lists }) => listsIn(language, lists, names) },
    {
      name: 'desk.readers-joined',
      cell: ({ created_at, lists }) =>
        momentOf(visit, lists.length > 0 ? latest(lists.map(({ joined_at }) => joined_at)) : created_at),
    },
    ...(['left-after', 'left-before'].some((name) => query.get(name)) ? [leftColumn(visit)] : []),
    {
      name: 'desk.readers-suppressed',
      cell: ({ suppressed }) => (suppressed === null ? '' : say(language, 'desk.readers-yes')),
    },
  ]
}

function leftColumn(visit: Visit): Column<subscribers.Found> {
  const when = (lists: subscribers.Found['lists']) => lists.flatMap(({ left_at }) => left_at ?? [])
  return {
    name: 'desk.readers-left',
    cell: ({ lists }) => momentOf(visit, when(lists).length > 0 ? latest(when(lists)) : null),
  }
}

function latest(moments: Instant[]): Instant {
  return moments.reduce((a, b) => (a > b ? a : b))
}

function whoIn(language: string, { id, address, erased_at }: subscribers.Found): Html {
  const words = erased_at === null ? (address ?? '—') : say(language, 'desk.readers-erased')
  return html`<a href="${READERS}/${id}"><bdi dir="${address ? 'ltr' : 'auto'}">${words}</bdi></a>`
}

function listsIn(language: string, lists: subscribers.Found['lists'], names: Map<string, string>): Html {
  return html`${lists.map(({ list, state }, nth) => html`${nth > 0 && html` · `}<bdi>${names.get(list) ?? list}</bdi> (${stateIn(language, state)})`)}`
}

/** A subscription's state in words. */
function stateIn(language: string, state: string): string {
  return say(language, `desk.readers-state-${state as subscribers.State}`)
}
