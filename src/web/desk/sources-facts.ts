import { html } from 'hono/html'
import { type MessageKey, say } from '../../locale.ts'
import * as sources from '../../sources/index.ts'
import type { Html } from '../pages.ts'
import { fromNow, momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { datesRead } from './sources-reading.ts'
import { duration, facts, machine } from './sources-words.ts'

/** How a source fares. */
export function standing(visit: Visit, source: sources.Source): Html {
  const { language } = visit
  const { url, kind, relation, home, error, failures, read_at, polled_at, fresh_at, due_at, pause } = source
  const state = sources.stateOf(source)
  const word = (key: string) => say(language, `desk.sources-${key}` as MessageKey)
  return facts([
    [word('state'), html`<b class="state ${state}">${word(`state-${state}`)}</b>`],
    [word('error'), error && machine(error)],
    [word('failures'), failures > 0 ? failures : null],
    [word('success'), momentOf(visit, read_at)],
    [word('asked'), polled_at !== read_at && momentOf(visit, polled_at)],
    [word('fresh'), fresh_at !== null && momentOf(visit, fresh_at)],
    [word('next'), due_at !== null && html`${fromNow(visit, due_at)} · ${momentOf(visit, due_at)}`],
    [word('interval'), pause > 0 && duration(language, pause)],
    [word('address'), html`<a dir="ltr" href="${url}" rel="noreferrer">${url}</a>`],
    [word('kind'), `${word(`kind-${kind}`)} · ${word(`relation-${relation}`)}`],
    [word('home'), home && html`<a dir="ltr" href="${home}" rel="noreferrer">${home}</a>`],
  ])
}

/** How its last reading went and what it has brought, and for who looks for a fault, what else is known. */
export async function reading(visit: Visit, source: sources.Source): Promise<Html> {
  const { app, language } = visit
  const told = await sources.shown(app.read, source)
  const { items = 0, added = 0, revised = 0, held = 0, also = 0, withdrawn = 0, perWeek } = told.last_reading
  const word = (key: string) => say(language, `desk.sources-${key}` as MessageKey)
  const mirror = 'mirror' in told ? told.mirror : undefined
  return html`<h2>${word('reading')}</h2>${facts([
    [word('charset'), told.charset && machine(told.charset)],
    [word('gives'), source.read_at !== null && items],
    [
      word('came'),
      source.read_at !== null && say(language, 'desk.sources-came-of', { added, revised, held, also, withdrawn }),
    ],
    [word('week'), perWeek],
    [word('moved'), told.moved && machine(told.moved)],
    [
      word('mirror'),
      mirror && say(language, `desk.sources-mirror-${mirror.phase}`, { held: mirror.held, total: mirror.total ?? '?' }),
    ],
    ['ETag', source.etag && html`<code dir="ltr">${source.etag}</code>`],
    ['Last-Modified', source.last_modified && html`<code dir="ltr">${source.last_modified}</code>`],
  ])}
<h3>${word('items')}</h3>${told.items.length === 0 ? html`<p>${word('items-none')}</p>` : html`<ul class="plain">${told.items.map(({ state, n }) => html`<li><a href="/admin/sources/${source.id}/items?state=${state}">${word(`item-${state}`)}</a> <span class="count">${n}</span></li>`)}</ul>`}
${doubts(visit, [...told.mended, ...told.dropped.map(({ reason, n }) => `${reason} (${n})`), ...(mirror?.notes ?? [])])}
${datesRead(visit, told.dates)}`
}

function doubts({ language }: Visit, sentences: string[]): Html | '' {
  if (sentences.length === 0) return ''
  return html`<h3>${say(language, 'desk.sources-warnings')}</h3><ul class="plain">${sentences.map((one) => html`<li>${machine(one)}</li>`)}</ul>`
}
