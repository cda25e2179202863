import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { type MessageKey, say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { deskPage, pagesOf } from './frame.ts'
import type { Visit } from './routes.ts'
import { toldHere } from './told.ts'

export const READERS = '/admin/readers'
export const IMPORTS = '/admin/readers/import'
export const SUPPRESSIONS = '/admin/readers/suppressions'
export const SEGMENTS = '/admin/segments'

/** A page about readers, below the names of the room's pages that this visitor may see. */
export function readersPage(visit: Visit, here: string, title: string, body: Html): Promise<Html> {
  const { language, roles } = visit
  const some = accounts.listsOf(roles, 'reader.read').length > 0
  const pages: [path: string, name: MessageKey, seen: boolean][] = [
    [READERS, 'desk.readers', some],
    [IMPORTS, 'desk.imports', some],
    [SEGMENTS, 'desk.segments', true],
    [SUPPRESSIONS, 'desk.suppressions', accounts.may(roles, 'reader.read')],
  ]
  const named = pages.filter(([, , seen]) => seen).map(([path, name]) => [path, say(language, name)] as const)
  return deskPage(visit, title, html`${pagesOf(say(language, 'desk.readers'), here, named)}${toldHere(visit)}${body}`)
}

/** The lists whose readers the visitor may see, by their inner ids; undefined: all. */
export function withinOf({ roles }: Visit): number[] | undefined {
  const lists = accounts.listsOf(roles, 'reader.read')
  return lists === 'all' ? undefined : lists
}
