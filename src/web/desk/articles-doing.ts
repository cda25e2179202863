import type { Story } from '../../articles/index.ts'
import * as articles from '../../articles/index.ts'
import { Problem } from '../../problem.ts'
import * as takingBack from '../../taking-back.ts'
import { oneLine } from '../../text.ts'
import type { Visit } from './routes.ts'
import { tellAt } from './told.ts'

/** The article of a public id, whatever its state, or a Problem. */
export async function articleOf({ app }: Pick<Visit, 'app'>, id: string): Promise<Story> {
  const article = /^[a-z0-9]{1,30}$/.test(id) ? await articles.find(app.db, id) : undefined
  if (!article) throw new Problem('article-not-found', { value: oneLine(id).slice(0, 40) })
  return article
}

/** The article that the path names. */
export function articleIn(visit: Visit): Promise<Story> {
  return articleOf(visit, visit.params['article']!)
}

/** Does something, and notes between which lines of the trail it stands; `undo` names them, where there are any. */
export async function noting<T>(
  { app }: Visit,
  work: () => Promise<T>,
): Promise<{ came: T; undo: string | undefined }> {
  const after = await takingBack.mark(app.db)
  const came = await work()
  const upTo = await takingBack.mark(app.db)
  return { came, undo: upTo > after ? `${after}-${upTo}` : undefined }
}

/** Does something that can be taken back, and goes on to the page that says so. */
export async function doing(visit: Visit, path: string, work: () => Promise<unknown>): Promise<Response> {
  const { undo } = await noting(visit, work)
  return visit.c.redirect(tellAt(path, 'done', undo), 303)
}

/** What `undo` names. */
export function deedIn(undo: string): takingBack.Deed | undefined {
  const [, after, upTo] = /^(\d{1,15})-(\d{1,15})$/.exec(undo) ?? []
  return after === undefined ? undefined : { after: Number(after), upTo: Number(upTo) }
}
