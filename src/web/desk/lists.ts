import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { type MessageKey, say, wholeNumber } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { check, field } from './fields.ts'
import { deskPage, hidden } from './frame.ts'
import { listFormRoutes } from './lists-form.ts'
import { letterRoutes } from './lists-letters.ts'
import { listRoutes as oneRoutes } from './lists-one.ts'
import { pathOf } from './lists-page.ts'
import { listsFor } from './lists-seen.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { type Column, table } from './table.ts'
import { tellAt, toldHere } from './told.ts'

const HERE = '/admin/lists'

/** The lists that readers join. */
export const listRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'list.read', list: 'any', answer: room },
  { method: 'GET', path: `${HERE}/_add`, allow: 'list.write', answer: (visit) => addPage(visit) },
  { method: 'POST', path: HERE, allow: 'list.write', answer: add },
  ...letterRoutes,
  ...listFormRoutes,
  ...oneRoutes,
]

type Row = subscribers.List & { count: subscribers.Bounded; digests: { slug: string; title: string }[] }

async function room(visit: Visit): Answer {
  const { language, roles } = visit
  const columns: Column<Row>[] = [
    { name: 'desk.lists-title', cell: (list) => html`<a href="${pathOf(list)}"><bdi>${list.title}</bdi></a>` },
    { name: 'desk.lists-visibility', cell: ({ visibility }) => visibilityIn(language, visibility) },
    { name: 'desk.lists-active', cell: (list) => active(visit, list), number: true },
    { name: 'desk.lists-digests', cell: ({ digests }) => digestLinks(digests) },
  ]
  const adding =
    accounts.may(roles, 'list.write') &&
    html`<p><a class="act" href="${HERE}/_add">${say(language, 'desk.lists-add')}</a></p>`
  return deskPage(
    visit,
    say(language, 'desk.lists'),
    html`${toldHere(visit)}${adding}${table(visit, {
      ...{ rows: await rowsFor(visit), columns },
      caption: say(language, 'desk.lists'),
      empty: say(language, 'desk.lists-none'),
    })}`,
  )
}

async function rowsFor(visit: Visit): Promise<Row[]> {
  const { app } = visit
  const digests = await app.read.selectFrom('digest').select(['slug', 'title', 'list_id']).orderBy('id').execute()
  const rows: Row[] = []
  for (const list of await listsFor(visit, 'list.read'))
    rows.push({
      ...list,
      count: await subscribers.activeOn(app.read, list.id),
      digests: digests.filter(({ list_id }) => list_id === list.id),
    })
  return rows
}

function visibilityIn(language: string, visibility: string): string {
  return say(language, `desk.lists-${visibility}` as MessageKey)
}

function active({ language, roles }: Visit, { id, slug, count }: Row): Html | string {
  const n = `${wholeNumber(count.active, language)}${count.more ? '+' : ''}`
  if (!accounts.may(roles, 'reader.read', id)) return n
  return html`<a href="/admin/readers?list=${slug}&amp;state=active">${n}</a>`
}

function digestLinks(digests: Row['digests']): Html {
  return html`${digests.map(({ slug, title }, nth) => html`${nth > 0 && html` · `}<a href="/admin/digests/${slug}"><bdi>${title}</bdi></a>`)}`
}

async function addPage(visit: Visit, problem?: Problem): Answer {
  const { c, language, form } = visit
  const page = await deskPage(
    visit,
    say(language, 'desk.lists-add'),
    html`${mistake(language, problem)}<form method="post" action="${HERE}">${hidden(visit)}
${field(language, { name: 'title', label: 'desk.lists-title', hint: 'desk.lists-title-hint', value: form.get('title'), max: 200, required: true })}
${field(language, { name: 'slug', label: 'desk.lists-slug', hint: 'desk.lists-slug-hint', dir: 'ltr', value: form.get('slug'), max: 60, required: true })}
${check(language, { name: 'public', label: 'desk.lists-public-check', hint: 'desk.lists-public-hint', checked: problem ? form.has('public') : true })}
<p><button type="submit">${say(language, 'desk.lists-add')}</button></p></form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function add(visit: Visit): Answer {
  const { app, c, form } = visit
  try {
    const draft = { slug: form.get('slug')?.trim() ?? '', title: form.get('title') ?? '', public: form.has('public') }
    const list = await subscribers.addList(app, actorOf(visit), draft)
    return c.redirect(tellAt(pathOf(list), 'saved'), 303)
  } catch (error) {
    if (error instanceof Problem) return addPage(visit, error)
    throw error
  }
}
