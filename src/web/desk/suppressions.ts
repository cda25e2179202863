import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import * as explaining from '../../explaining.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { csvFile } from './download.ts'
import { field } from './fields.ts'
import { hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import { readersPage, SUPPRESSIONS } from './readers-page.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { type Column, filters, table } from './table.ts'
import { tellAt } from './told.ts'

/** The addresses that nobody writes to: they concern all lists, and so take a role for all. */
export const suppressionRoutes: Route[] = [
  { method: 'GET', path: SUPPRESSIONS, allow: 'reader.read', answer: (visit) => suppressionsPage(visit) },
  { method: 'GET', path: `${SUPPRESSIONS}/_all.csv`, allow: 'reader.read', answer: download },
  { method: 'GET', path: `${SUPPRESSIONS}/_add`, allow: 'reader.write', answer: (visit) => addPage(visit) },
  { method: 'POST', path: SUPPRESSIONS, allow: 'reader.write', answer: add },
  { method: 'POST', path: `${SUPPRESSIONS}/lift`, allow: 'reader.write', answer: lift },
]

type Row = Awaited<ReturnType<typeof subscribers.suppressed>>['rows'][number]

async function suppressionsPage(visit: Visit, problem?: Problem): Answer {
  const { c, language, query, roles } = visit
  const { found, mistaken = problem } = await foundFor(visit)
  const sought = html`${field(language, { name: 'search', label: 'desk.suppressions-search', type: 'search', dir: 'ltr', value: query.get('search'), max: 254 })}
${field(language, { name: 'reason', label: 'desk.suppressions-reason-begins', value: query.get('reason'), max: 100 })}`
  const page = await readersPage(
    visit,
    SUPPRESSIONS,
    say(language, 'desk.suppressions'),
    html`${mistake(language, mistaken)}<p>${say(language, 'desk.suppressions-text')}</p>
${accounts.may(roles, 'reader.write') && html`<p><a class="act" href="${SUPPRESSIONS}/_add">${say(language, 'desk.suppressions-add')}</a></p>`}
${filters(visit, sought)}<p><a class="go" href="${SUPPRESSIONS}/_all.csv">${say(language, 'desk.suppressions-file')}</a></p>
${table(visit, {
  ...{ rows: found.rows, after: found.next?.toString(), columns: columnsFor(visit) },
  ...{ caption: say(language, 'desk.suppressions'), empty: say(language, 'desk.suppressions-none') },
})}`,
  )
  return mistaken ? c.html(page, mistaken.status) : page
}

async function foundFor({ app, query }: Visit): Promise<{ found: { rows: Row[]; next?: number }; mistaken?: Problem }> {
  const address = query.get('search')?.trim()
  const reason = query.get('reason')?.trim().slice(0, 100)
  const after = Number(query.get('after'))
  try {
    const paged = Number.isSafeInteger(after) && after > 0 ? { after } : {}
    return {
      found: await subscribers.suppressed(app.read, { ...(address && { address }), ...(reason && { reason }) }, paged),
    }
  } catch (mistaken) {
    if (mistaken instanceof Problem) return { found: { rows: [] }, mistaken }
    throw mistaken
  }
}

function columnsFor(visit: Visit): Column<Row>[] {
  const { language, roles } = visit
  const may = accounts.may(roles, 'reader.write')
  return [
    {
      name: 'desk.readers-address',
      cell: ({ address }) =>
        address === null
          ? html`<span>${say(language, 'desk.suppressions-hash')}</span>`
          : html`<bdi dir="ltr">${address}</bdi>`,
    },
    { name: 'desk.suppressions-reason', cell: ({ reason }) => explaining.why(language, reason) },
    { name: 'desk.suppressions-since', cell: ({ created_at }) => momentOf(visit, created_at) },
    {
      name: 'desk.suppressions-lift',
      cell: (row) => (may && row.address !== null && subscribers.isMendable(row.reason) ? liftForm(visit, row) : ''),
    },
  ]
}

function liftForm(visit: Visit, { address }: Row): Html {
  const { language } = visit
  return html`<form method="post" action="${SUPPRESSIONS}/lift">${hidden(visit)}<input type="hidden" name="address" value="${address}"><button class="plain" type="submit" aria-label="${say(language, 'desk.suppressions-lift')}: ${address}">${say(language, 'desk.suppressions-lift')}</button></form>`
}

async function addPage(visit: Visit, problem?: Problem): Answer {
  const { c, language, form } = visit
  const page = await readersPage(
    visit,
    SUPPRESSIONS,
    say(language, 'desk.suppressions-add'),
    html`${mistake(language, problem)}<p>${say(language, 'desk.readers-suppress-text')}</p>
<form method="post" action="${SUPPRESSIONS}">${hidden(visit)}
${field(language, { name: 'address', label: 'desk.readers-address', type: 'email', value: form.get('address'), required: true, max: 254 })}
${field(language, { name: 'reason', label: 'desk.suppressions-reason', hint: 'desk.suppressions-reason-hint', value: form.get('reason'), required: true, max: 300 })}
<p><button type="submit">${say(language, 'desk.suppressions-add')}</button></p></form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function add(visit: Visit): Answer {
  const { app, c, form } = visit
  try {
    const reason = form.get('reason')?.trim() ?? ''
    if (!reason) throw new Problem('reason-needed')
    await subscribers.suppress(app, actorOf(visit), form.get('address') ?? '', reason)
    return c.redirect(tellAt(SUPPRESSIONS, 'saved'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return addPage(visit, problem)
    throw problem
  }
}

async function lift(visit: Visit): Answer {
  const { app, c, form } = visit
  try {
    await subscribers.lift(app, actorOf(visit), { address: form.get('address') ?? '' })
    return c.redirect(tellAt(SUPPRESSIONS, 'done'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return suppressionsPage(visit, problem)
    throw problem
  }
}

/** All of them, as a table for spreadsheets. */
async function download(visit: Visit): Answer {
  return csvFile(visit, 'suppressions', (out) => subscribers.exportSuppressions(visit.app, {}, 'csv', out))
}
