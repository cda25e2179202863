import { html } from 'hono/html'
import { type MessageKey, say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { hidden } from './frame.ts'
import type { Visit } from './routes.ts'

/** What may be said after a deed: a page's address names one of these, so nobody can make our page say what he likes. */
const TOLD = {
  saved: 'desk.kit-saved',
  done: 'desk.kit-done',
  undone: 'desk.kit-undone',
  gone: 'desk.kit-gone',
  beside: 'desk.kit-beside',
} as const satisfies Record<string, MessageKey>

export type Told = keyof typeof TOLD

/** Where to go after a deed: `path` with the word to say; `undo` is given back to `<path's room>/undo` when that is pressed. */
export function tellAt(path: string, told: Told, undo?: string): string {
  const [place, query = ''] = path.split('?')
  const fields = new URLSearchParams(query)
  fields.set('told', told)
  if (undo === undefined) fields.delete('undo')
  else fields.set('undo', undo)
  return `${place}?${fields}`
}

/** What the last deed came to, above the page that it led to; with a button that takes it back at `undoPath`. */
export function toldHere(visit: Visit, undoPath?: string): Html | '' {
  const { language, query } = visit
  const told = query.get('told') ?? ''
  if (!Object.hasOwn(TOLD, told)) return ''
  const undo = query.get('undo')
  return html`<div class="told" role="status"><p>${say(language, TOLD[told as Told])}</p>${
    undo !== null &&
    undoPath !== undefined &&
    html`<form method="post" action="${undoPath}">${hidden(visit)}<input type="hidden" name="undo" value="${undo}"><button class="plain" type="submit">${say(language, 'desk.kit-undo')}</button></form>`
  }</div>`
}
