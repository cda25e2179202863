import { PassThrough, Readable } from 'node:stream'
import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import { say } from '../../locale.ts'
import { writeRows } from '../../spreadsheets/index.ts'
import * as trail from '../../trail.ts'
import { choice, field } from './fields.ts'
import { momentOf } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { addressWith, afterIn, type Column, filters, table } from './table.ts'

const HERE = '/admin/settings/trail'
const PAGE = 50

/** Who changed what and when. */
export const trailRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'trail.read', answer: trailPage },
  { method: 'GET', path: `${HERE}.csv`, allow: 'trail.read', answer: download },
]

async function trailPage(visit: Visit): Answer {
  const { app, language, query } = visit
  const before = afterIn(visit)
  const rows = await trail.list(app.read, { ...sought(visit), limit: PAGE + 1, ...(before && { before }) })
  const page = rows.slice(0, PAGE)
  const { verbs, actors } = await trail.names(app.read)
  const any = ['', say(language, 'desk.trail-any')] as const
  const columns: Column<trail.Change>[] = [
    { name: 'desk.trail-at', cell: ({ at }) => momentOf(visit, at) },
    { name: 'desk.trail-actor', cell: ({ actor }) => html`<bdi dir="ltr">${actor}</bdi>` },
    { name: 'desk.trail-verb', cell: ({ verb }) => html`<bdi dir="ltr">${verb}</bdi>` },
    { name: 'desk.trail-subject', cell: ({ subject }) => html`<bdi dir="ltr">${subject}</bdi>` },
    { name: 'desk.trail-change', cell: changed },
  ]
  return settingsPage(
    visit,
    HERE,
    html`${filters(
      visit,
      html`${choice(language, { name: 'actor', label: 'desk.trail-actor', value: query.get('actor'), options: [any, ...same(actors)] })}
${choice(language, { name: 'verb', label: 'desk.trail-verb', value: query.get('verb'), options: [any, ...same(verbs)] })}
${field(language, { name: 'subject', label: 'desk.trail-subject', dir: 'ltr', value: query.get('subject'), max: 100 })}`,
    )}
<p><a class="go" href="${addressWith(visit, 'after', undefined).replace(HERE, `${HERE}.csv`)}">${say(language, 'desk.trail-file')}</a></p>
${table(visit, {
  ...{ rows: page, columns, caption: say(language, 'desk.trail'), empty: say(language, 'desk.trail-none') },
  after: rows.length > PAGE ? String(page.at(-1)!.id) : undefined,
})}`,
  )
}

function same(names: string[]): [string, string][] {
  return names.map((name) => [name, name])
}

function sought({ query }: Visit): Omit<trail.Sought, 'limit'> {
  const given = (name: string) => query.get(name)?.trim().slice(0, 100) || undefined
  const [actor, verb, subject] = [given('actor'), given('verb'), given('subject')]
  return { ...(actor && { actor }), ...(verb && { verb }), ...(subject && { subject }) }
}

/** What it was and what it is, as it was written; folded, as it may be long. */
function changed({ before, after }: trail.Change) {
  if (before === null && after === null) return ''
  return html`<details><summary dir="ltr">${(after ?? before ?? '').slice(0, 40)}</summary>${before !== null && html`<pre dir="ltr">− ${before}</pre>`}${after !== null && html`<pre dir="ltr">+ ${after}</pre>`}</details>`
}

/** The same lines as a table for spreadsheets, all of them. */
async function download(visit: Visit): Answer {
  const { app } = visit
  async function* rows(): AsyncGenerator<string[]> {
    yield ['at', 'actor', 'verb', 'subject', 'before', 'after']
    for await (const { at, actor, verb, subject, before, after } of trail.all(app.read, sought(visit)))
      yield [new Date(at).toISOString(), actor, verb, subject, before ?? '', after ?? '']
  }
  const out = new PassThrough()
  writeRows(rows(), out).then(
    () => out.end(),
    (error) => out.destroy(error as Error),
  )
  const day = new Date(instant(app.now())).toISOString().slice(0, 10)
  return new Response(Readable.toWeb(out) as ReadableStream, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename="trail-${day}.csv"`,
    },
  })
}
