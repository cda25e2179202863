import type { Context } from 'hono'
import type { Account, From, Granted, Permission, Session, Visitor } from '../../accounts/index.ts'
import * as accounts from '../../accounts/index.ts'
import type { App } from '../../app.ts'
import type { Html } from '../pages.ts'
import type { Upload } from './upload.ts'

/**
 * A request to the desk. `form` holds a POST's fields and `files` what came with them, `params` the path's, `from` where it
 * comes from, `zone` the visitor's own as his browser said it, or else the site's.
 */
export type Asking = {
  app: App
  c: Context
  params: Record<string, string>
  query: URLSearchParams
  form: URLSearchParams
  files: readonly Upload[]
  language: string
  zone: string
  from: From
}

/** A request of somebody who is signed in and may do what the route is for. */
export type Visit = Asking & Visitor

/** A whole page, or a redirect, a file, a piece of a page for htmx. */
export type Answer = Promise<Response | Html>

/** A page before the door: signing in, being let in. It sees to its own limits. */
export type OpenRoute = { method: 'GET' | 'POST'; path: string; allow: 'anybody'; answer: (asking: Asking) => Answer }

/**
 * A page of the desk. `allow` is the permission it takes, `signed-in` what everybody may do for himself. `list` names the list
 * that it is about, whose roles then count; `any`: a role for some list will do, and the page shows no other.
 */
export type Route = {
  method: 'GET' | 'POST'
  path: string
  allow: Permission | 'signed-in'
  list?: 'any' | ((asking: Asking) => Promise<number>)
  /** How large its form may be, where it is more than a page's own: `files` for one that brings files, `form` for long text. In bytes. */
  takes?: { files: number } | { form: number }
  /** It answers with a document that is shown in a frame: a letter, a page of a site. It runs nothing and has a sheet of its own. */
  framed?: true
  answer: (visit: Visit) => Answer
}

/** Whether the visitor may do what the route is for. */
export async function allowed(route: Route, asking: Asking, { roles }: { roles: Granted[] }): Promise<boolean> {
  const { allow, list } = route
  if (allow === 'signed-in') return true
  if (list === undefined) return accounts.may(roles, allow)
  if (list === 'any') return accounts.listsOf(roles, allow).length > 0
  return accounts.may(roles, allow, await list(asking))
}

/** Who does it, for the trail. */
export function actorOf({ account }: { account: Account }): string {
  return accounts.actorOf(account)
}

/** What every form of this session carries in its field `t`. */
export function formToken({ app, session }: { app: App; session: Session }): string {
  return accounts.formToken(app.keys, session)
}
