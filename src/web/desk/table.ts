import { html } from 'hono/html'
import { type MessageKey, say, wholeNumber } from '../../locale.ts'
import type { Html } from '../pages.ts'
import type { Visit } from './routes.ts'

/** A column: its heading and what a row shows in it. The first one names the row. */
export type Column<Row> = { name: MessageKey; cell: (row: Row) => Html | string | number; number?: boolean }

/** Rows of a page; `after` is the key that the next page begins behind, where there is one. */
export type Rows<Row> = { rows: readonly Row[]; after?: string | undefined }

type Table<Row> = Rows<Row> & {
  caption: string
  columns: readonly Column<Row>[]
  /** What stands above the rows and changes with them: what may be done with those that are shown. */
  above?: Html | '' | false
  /** What an empty table says: the next step. */
  empty: Html | string
  /** Where rows may be chosen for a deed: each one's id and name, for the form of this id (`deeds`). */
  choose?: { form: string; id: (row: Row) => string; name: (row: Row) => string }
}

/** A table that is paged by key: the address carries its filters and `after`, so it can be kept, sent and gone back to. */
export function table<Row>(visit: Visit, one: Table<Row>): Html {
  const { language } = visit
  const { rows, columns, caption, empty, choose, above } = one
  if (rows.length === 0) return html`<div id="rows"><p class="none">${empty}</p>${pager(visit, one.after)}</div>`
  return html`<div id="rows">${above}<div class="wide" role="region" aria-label="${caption}" tabindex="0"><table class="rows"><caption class="unseen">${caption}</caption>
<thead><tr>${choose && html`<td><input type="checkbox" data-all="${choose.form}" hidden aria-label="${say(language, 'desk.kit-all')}"></td>`}${columns.map(({ name, number }) => html`<th scope="col"${number && html` class="number"`}>${say(language, name)}</th>`)}</tr></thead>
<tbody>${rows.map((row) => line(language, row, columns, choose))}</tbody></table></div>
${pager(visit, one.after)}</div>`
}

function line<Row>(language: string, row: Row, columns: readonly Column<Row>[], choose: Table<Row>['choose']): Html {
  return html`<tr>${
    choose &&
    html`<td><input type="checkbox" name="id" value="${choose.id(row)}" form="${choose.form}" aria-label="${say(language, 'desk.kit-choose', { name: choose.name(row) })}"></td>`
  }${columns.map(({ cell, number }, nth) =>
    nth === 0 ? html`<th scope="row">${cell(row)}</th>` : html`<td${number && html` class="number"`}>${cell(row)}</td>`,
  )}</tr>
`
}

function pager(visit: Visit, after: string | undefined): Html {
  const { language } = visit
  return html`<p class="pager">${beginning(visit)}${after !== undefined && html`<a class="go" rel="next" href="${addressWith(visit, 'after', after)}">${say(language, 'desk.kit-after')}</a>`}</p>`
}

function beginning(visit: Visit): Html | '' {
  const { language, query } = visit
  return query.has('after')
    ? html`<a href="${addressWith(visit, 'after', undefined)}">${say(language, 'desk.kit-begin')}</a> `
    : ''
}

/** A number as all pages write it: `12,345`; with `+` where there are more than were counted. */
export function number(language: string, n: number, more = false): string {
  return `${wholeNumber(n, language)}${more ? '+' : ''}`
}

/** A number in a list of such (`dl.figures`), which leads to the table that holds as many rows. */
export function figure(language: string, name: string, href: string, n: number, more = false): Html {
  return html`<div><dt>${name}</dt><dd><a class="leads" href="${href}">${number(language, n, more)}</a></dd></div>
`
}

/** The whole number behind which the page begins, where the address says one. */
export function afterIn({ query }: Pick<Visit, 'query'>): number | undefined {
  const text = query.get('after') ?? ''
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined
}

/** The page's own address with one field changed or taken away; what was told on it is not told again. */
export function addressWith({ c, query }: Pick<Visit, 'c' | 'query'>, name: string, value: string | undefined): string {
  const fields = new URLSearchParams(query)
  for (const once of ['told', 'undo']) fields.delete(once)
  if (value === undefined) fields.delete(name)
  else fields.set(name, value)
  return fields.size > 0 ? `${c.req.path}?${fields}` : c.req.path
}

/**
 * The form that chooses rows: its fields stand in the address, a change of one shows the table anew (without JavaScript, its
 * button does). Its rows are in `#rows`.
 */
export function filters({ language, c }: Visit, fields: Html): Html {
  const { path } = c.req
  return html`<form class="filters" method="get" action="${path}" role="search" hx-get="${path}" hx-target="#rows" hx-select="#rows" hx-swap="outerHTML" hx-push-url="true" hx-trigger="change, submit, input delay:300ms">
${fields}<p><button type="submit">${say(language, 'desk.kit-filter')}</button></p></form>`
}
