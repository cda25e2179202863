import type { Permission } from '../../accounts/index.ts'
import * as accounts from '../../accounts/index.ts'
import { Problem } from '../../problem.ts'
import * as segments from '../../segments/index.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Asking, Visit } from './routes.ts'

const NONE = -1 // no list has this id: only who may everywhere is told that there is no such list

/** Whose list a page is about, by the slug in its address. */
export async function listOfPath({ app, params }: Asking): Promise<number> {
  return idOf(app, params['list'] ?? '')
}

/** Whose list a form is about, by the slug in its field `list`. */
export async function listOfForm({ app, form }: Asking): Promise<number> {
  return idOf(app, form.get('list') ?? '')
}

async function idOf(app: Asking['app'], slug: string): Promise<number> {
  try {
    return (await subscribers.findList(app.read, slug)).id
  } catch (error) {
    if (error instanceof Problem) return NONE
    throw error
  }
}

/** The lists for which the visitor may do this, in the order in which they were made. */
export async function listsFor({ app, roles }: Visit, permission: Permission): Promise<subscribers.List[]> {
  const ids = accounts.listsOf(roles, permission)
  const all = await subscribers.allLists(app.read)
  return ids === 'all' ? all : all.filter(({ id }) => ids.includes(id))
}

/** Refuses a segment of a list for which the visitor may not do this: to him there is none of that name. */
export async function seenSegment(visit: Visit, slug: string, permission: Permission): Promise<void> {
  const { list_id } = await segments.find(visit.app.read, slug)
  if (!accounts.may(visit.roles, permission, list_id)) throw new Problem('segment-not-found', { value: slug })
}
