import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { deskPage, pagesOf } from './frame.ts'
import type { Visit } from './routes.ts'
import { toldHere } from './told.ts'

/** The list that the page's address names; a Problem where there is none. */
export function listHere({ app, params }: Visit): Promise<subscribers.List> {
  return subscribers.findList(app.read, params['list'] ?? '')
}

export function pathOf({ slug }: { slug: string }): string {
  return `/admin/lists/${slug}`
}

/** A page of a list, below the names of all of its pages. */
export function listPage(visit: Visit, list: subscribers.List, here: string, body: Html): Promise<Html> {
  const { language, roles } = visit
  const path = pathOf(list)
  const pages = [
    [path, say(language, 'desk.lists-one')],
    [`${path}/letters`, say(language, 'desk.lists-letters')],
    [`${path}/form`, say(language, 'desk.lists-form')],
    ...(accounts.may(roles, 'reader.read', list.id)
      ? [[`/admin/readers?list=${list.slug}`, say(language, 'desk.readers')] as const]
      : []),
  ] as const
  return deskPage(visit, list.title, html`${pagesOf(list.title, here, pages)}${toldHere(visit)}${body}`)
}
