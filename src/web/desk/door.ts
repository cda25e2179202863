import { timingSafeEqual } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { every } from 'hono/combine'
import { getCookie } from 'hono/cookie'
import * as accounts from '../../accounts/index.ts'
import type { App } from '../../app.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import { clientNetwork } from '../client.ts'
import { spokenOr } from '../sign-up.ts'
import { cookieName } from './cookie.ts'
import { dashboardRoutes } from './dashboard.ts'
import { entryRoutes } from './entry.ts'
import { deskScripts } from './files.ts'
import { ownRoutes } from './own.ts'
import { peopleRoutes } from './people.ts'
import { refusal } from './refusal.ts'
import { type Answer, type Asking, allowed, formToken, type OpenRoute, type Route } from './routes.ts'

/** What the desk's pages may do in a browser: our own scripts and files, nothing inline, nobody's frame. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self' data: https: http:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
const FORM = 64 * 1024

/** Every page that may be opened without signing in. */
export const openRoutes: readonly OpenRoute[] = entryRoutes

/** Every other page: what a test walks with every role. */
export const routes: readonly Route[] = [...dashboardRoutes, ...ownRoutes, ...peopleRoutes]

/** `/admin/…`: the one place where it is decided who may see or do what. */
export function desk(app: App): Hono {
  const pages = new Hono()
  for (const route of openRoutes)
    pages.on(route.method, route.path, ours, (c) => answer(app, c, (asking) => route.answer(asking)))
  for (const route of routes)
    pages.on(route.method, route.path, ours, (c) => answer(app, c, (asking) => admitted(route, asking)))
  pages.route('/', deskScripts())
  return pages
}

/** What goes for the desk's own pages, and for nobody else's below /admin. */
const ours = every(
  bodyLimit({
    maxSize: FORM,
    onError: () => {
      throw new Problem('form-too-large')
    },
  }),
  async (c, next) => {
    await next()
    c.res.headers.set('Content-Security-Policy', POLICY)
    c.res.headers.set('Cache-Control', 'no-store, private')
    c.res.headers.set('Referrer-Policy', 'same-origin')
  },
)

/** Reads the request, answers it, and says in the desk's own frame why not. */
async function answer(app: App, c: Context, work: (asking: Asking) => Answer): Promise<Response> {
  const asking = await read(app, c)
  try {
    if (c.req.method === 'POST') {
      if (!fromOurPage(app, c)) throw new Problem('foreign-form', { url: app.config.url })
      asking.form = new URLSearchParams(await formOf(c))
    }
    const answered = await work(asking)
    return answered instanceof Response ? answered : c.html(await answered)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'not-signed-in' && c.req.method === 'GET') return toSignIn(c)
    return c.html(await refusal(asking, error), error.status)
  }
}

async function read(app: App, c: Context): Promise<Asking> {
  const query = new URL(c.req.url).searchParams
  return {
    ...{ app, c, query, params: c.req.param() as Record<string, string>, form: new URLSearchParams() },
    language: spokenOr(query.get('lang') ?? undefined) ?? (await site.show(app, app.read)).language,
    from: { agent: c.req.header('user-agent') ?? '', network: clientNetwork(c, app.config) },
  }
}

/** Whether a page of ours sent this: no other site's form is answered, whatever cookies came along. */
function fromOurPage({ config }: App, c: Context): boolean {
  const site = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  if (site !== undefined && site !== 'same-origin') return false
  if (origin !== undefined) return origin === new URL(config.url).origin
  return site === 'same-origin'
}

async function formOf(c: Context): Promise<string> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new Problem('bad-form')
  return c.req.text()
}

/** The route's answer to somebody who may have it. */
async function admitted(route: Route, asking: Asking): Answer {
  const { app, c } = asking
  const visitor = await accounts.visitor(app, getCookie(c, cookieName(app)) ?? '')
  if (!visitor) throw new Problem('not-signed-in')
  const visit = { ...asking, ...visitor, language: visitor.account.language }
  asking.language = visit.language
  if (c.req.method === 'POST' && !same(asking.form.get('t') ?? '', formToken(visit))) throw new Problem('form-expired')
  if (!(await allowed(route, visit, visitor))) throw new Problem('not-allowed')
  return route.answer(visit)
}

function same(typed: string, expected: string): boolean {
  const [one, other] = [Buffer.from(typed), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}

function toSignIn(c: Context): Response {
  const { pathname, search } = new URL(c.req.url)
  return c.redirect(`/admin/sign-in?next=${encodeURIComponent(pathname + search)}`, 303)
}
