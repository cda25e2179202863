import { timingSafeEqual } from 'node:crypto'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { getCookie } from 'hono/cookie'
import * as accounts from '../../accounts/index.ts'
import type { App } from '../../app.ts'
import { zoneName } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import * as uploads from '../../uploads.ts'
import { clientNetwork } from '../client.ts'
import { allowTime } from '../haste.ts'
import { spokenOr } from '../sign-up.ts'
import { articleRoutes } from './articles.ts'
import { channelRoutes } from './channels.ts'
import { cookieName } from './cookie.ts'
import { dashboardRoutes } from './dashboard.ts'
import { digestRoutes } from './digests.ts'
import { entryRoutes } from './entry.ts'
import { deskScripts } from './files.ts'
import { listRoutes } from './lists.ts'
import { ownRoutes } from './own.ts'
import { peopleRoutes } from './people.ts'
import { readerRoutes } from './readers.ts'
import { refusal } from './refusal.ts'
import { type Answer, type Asking, allowed, formToken, type OpenRoute, type Route, type Visit } from './routes.ts'
import { settingsRoutes } from './settings.ts'
import { sourceRoutes } from './sources.ts'
import { startRoutes } from './start.ts'
import { receive } from './upload.ts'

/** What the desk's pages may do in a browser: our own scripts and files, nothing inline, nobody's frame. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self' data: https: http:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
/** What a document in a frame may do: show its own styles and pictures. No script, no form, no way to the page around it. */
const FRAMED =
  "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; img-src 'self' data: https: http:; form-action 'none'; base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
const FORM = 64 * 1024
const PATIENCE = 14 * 60_000 // ms in which files have arrived
const AROUND = 1024 * 1024 // bytes that a form may have beside its files

/** Every page that may be opened without signing in. */
export const openRoutes: readonly OpenRoute[] = entryRoutes

/** Every other page: what a test walks with every role. */
export const routes: readonly Route[] = [
  ...dashboardRoutes,
  ...startRoutes,
  ...articleRoutes,
  ...channelRoutes,
  ...sourceRoutes,
  ...listRoutes,
  ...readerRoutes,
  ...digestRoutes,
  ...settingsRoutes,
  ...ownRoutes,
  ...peopleRoutes,
]

/** `/admin/…`: the one place where it is decided who may see or do what. */
export function desk(app: App): Hono {
  const pages = new Hono()
  for (const route of openRoutes)
    pages.on(route.method, route.path, ours(), (c) =>
      answer(app, c, async (asking) => {
        if (c.req.method === 'POST') asking.form = await formOf(c, FORM)
        return route.answer(asking)
      }),
    )
  for (const route of routes)
    pages.on(route.method, route.path, ours(route.framed ? FRAMED : POLICY), (c) =>
      answer(app, c, (asking) => admitted(route, asking)),
    )
  pages.route('/', deskScripts())
  return pages
}

/** What goes for the desk's own pages, and for nobody else's below /admin. */
function ours(policy = POLICY): MiddlewareHandler {
  return async (c, next) => {
    await next()
    c.res.headers.set('Content-Security-Policy', policy)
    c.res.headers.set('Cache-Control', 'no-store, private')
    c.res.headers.set('Referrer-Policy', 'same-origin')
  }
}

function sizeOf({ takes }: Route): number {
  if (!takes) return FORM
  return 'files' in takes ? takes.files + AROUND : takes.form
}

/** Reads the request, answers it, and says in the desk's own frame why not. */
async function answer(app: App, c: Context, work: (asking: Asking) => Answer): Promise<Response> {
  const asking = await read(app, c)
  try {
    if (c.req.method === 'POST' && !fromOurPage(app, c)) throw new Problem('foreign-form', { url: app.config.url })
    if (Object.values(asking.params).some((one) => one.includes('\0'))) throw new Problem('page-not-found')
    const answered = await work(asking)
    return answered instanceof Response ? answered : c.html(await answered)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'not-signed-in' && c.req.method === 'GET') return toSignIn(c)
    return c.html(await refusal(asking, error), error.status)
  }
}

async function read(app: App, c: Context): Promise<Asking> {
  const query = speakable(new URL(c.req.url).searchParams)
  const { language, zone } = await site.show(app, app.read)
  return {
    ...{ app, c, query, params: c.req.param() as Record<string, string>, form: new URLSearchParams(), files: [] },
    language: spokenOr(query.get('lang') ?? undefined) ?? language,
    zone: zoneOr(getCookie(c, 'zone'), zone),
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

/** The zone that a browser named, if it is one. */
function zoneOr(named: string | undefined, otherwise: string): string {
  if (named === undefined) return otherwise
  try {
    return zoneName(named)
  } catch {
    return otherwise
  }
}

/** Refuses a body larger than `most` bytes. A large one says its size: one that does not would be gathered to be measured. */
async function measure(c: Context, most: number): Promise<void> {
  const { body, headers } = c.req.raw
  const unsaid = !headers.has('content-length') || headers.has('transfer-encoding')
  if (most > FORM && unsaid && body) throw new Problem('length-missing')
  await bodyLimit({
    maxSize: most,
    onError: () => {
      throw new Problem('form-too-large')
    },
  })(c, async () => {})
}

async function formOf(c: Context, most: number): Promise<URLSearchParams> {
  await measure(c, most)
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new Problem('bad-form')
  return speakable(new URLSearchParams(await c.req.text()))
}

/** What was typed without NUL, which no keyboard has and PostgreSQL keeps in no text. */
function speakable(fields: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...fields].map((pair) => pair.map((text) => text.replaceAll('\0', ''))))
}

/** The route's answer to somebody who may have it. Nothing of a form is read, and no file, before it is known who sends it. */
async function admitted(route: Route, asking: Asking): Answer {
  const { app, c } = asking
  const visitor = await accounts.visitor(app, getCookie(c, cookieName(app)) ?? '')
  if (!visitor) throw new Problem('not-signed-in')
  const visit = { ...asking, ...visitor, language: visitor.account.language }
  asking.language = visit.language
  if (c.req.method !== 'POST') return permitted(route, visit)
  if (!route.takes || !('files' in route.takes)) {
    visit.form = await formOf(c, sizeOf(route))
    return permitted(route, visit)
  }
  if (!(await allowed(route, visit, visitor))) throw new Problem('not-allowed')
  await measure(c, sizeOf(route))
  allowTime(c, PATIENCE)
  const { form, files, done } = await receive(c, route.takes.files, uploads.roomOf(app.config))
  try {
    return await permitted(route, Object.assign(visit, { form: speakable(form), files }))
  } finally {
    await done()
  }
}

async function permitted(route: Route, visit: Visit): Answer {
  if (visit.c.req.method === 'POST' && !same(visit.form.get('t') ?? '', formToken(visit)))
    throw new Problem('form-expired')
  if (!(await allowed(route, visit, visit))) throw new Problem('not-allowed')
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
