import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { HTTPException } from 'hono/http-exception'
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import * as uploads from '../uploads.ts'
import { desk } from './desk/door.ts'
import { editionPages } from './editions.ts'
import { brokenPage, problemPage } from './errors.ts'
import { openFeeds } from './feeds.ts'
import { hurry } from './haste.ts'
import { health, lateEditions } from './health.ts'
import { providerHooks } from './hooks.ts'
import { type Lane, openLane } from './lane.ts'
import { mediaFiles } from './media.ts'
import { moved } from './moved.ts'
import { opmlPages } from './opml.ts'
import { policy } from './policy.ts'
import { progressPages } from './progress.ts'
import { publicPages } from './public.ts'
import { reader } from './reader.ts'
import { settled } from './reader-joining.ts'
import { searchPages } from './search.ts'

/** What somebody else adds to the site, such as the demo's outbox. */
export type Options = { extra?: Hono }

/** The site as it listens. */
export type OpenServer = { url: string; port: number; close(): Promise<void> }

const HEADERS = {
  'Content-Security-Policy': policy(),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

const GRACE = 2000 // ms that open requests get when the server closes

/** All pages, without a socket: what tests ask and the server serves. Feeds are answered before it. */
export function handler(app: App, { extra }: Options = {}): Hono {
  const web = new Hono()
  web.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(HEADERS)) if (!c.res.headers.has(name)) c.res.headers.set(name, value)
  })
  web.use(compress())
  web.get('/healthz', async (c) => {
    const state = await health(app)
    return c.json(state, state.status === 'failing' ? 503 : 200)
  })
  web.get('/readyz', async (c) => {
    const late = await lateEditions(app)
    return late.length > 0 ? c.json({ status: 'late', editions: late }, 503) : c.json({ status: 'ready' })
  })
  web.route('/', publicPages(app))
  web.route('/', mediaFiles(app))
  web.route('/', searchPages(app))
  web.route('/', progressPages(app))
  web.route('/', editionPages(app))
  web.route('/', opmlPages(app))
  web.route('/', reader(app))
  web.route('/', providerHooks(app))
  web.route('/', desk(app))
  if (extra) web.route('/', extra)
  web.notFound((c) => missing(app, c))
  web.onError((error, c) => refused(app, c, error))
  return web
}

/** Listens where the configuration says; refuses with a Problem where it may not. */
export async function openServer(app: App, options: Options = {}): Promise<OpenServer> {
  await uploads.sweep(app)
  const feeds = openFeeds(app)
  // The adapter's own Request must be the global one: limiting a body of unknown length makes a new one from it.
  const pages = getRequestListener(handler(app, options).fetch, { hostname: 'localhost' })
  const server = createServer(
    // Files may take a quarter of an hour; whoever is not known to bring some is cut after a minute.
    { headersTimeout: 15_000, requestTimeout: 15 * 60_000, connectionsCheckingInterval: 5000 },
    (request, response) => {
      hurry(request)
      if (!feeds.handle(request, response)) void pages(request, response)
    },
  )
  const lane = openLane(server, feeds.reply)
  await listen(server, app.config)
  const { port } = server.address() as AddressInfo
  const { host } = app.config
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    async close() {
      lane.close()
      await shut(server, lane)
      await settled(app)
      await feeds.close()
    },
  }
}

async function listen(server: Server, { host, port }: App['config']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') reject(new Problem('port-taken', { port }, { cause: error }))
    else if (error.code === 'EACCES') reject(new Problem('port-refused', { port }, { cause: error }))
    else if (error.code === 'EADDRNOTAVAIL' || error.syscall === 'getaddrinfo')
      reject(new Problem('host-unusable', { host, reason: error.code ?? error.message }, { cause: error }))
    else reject(error)
  })
  server.listen({ host, port }, resolve)
  await promise
}

/** Ends idle connections at once, the others when their request is answered, all of them after the grace. */
async function shut(server: Server, lane: Lane): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeIdleConnections()
  const timer = setTimeout(() => {
    server.closeAllConnections()
    lane.cut()
  }, GRACE)
  await promise
  clearTimeout(timer)
}

/** The paper's old addresses lead to the new ones, a path with a slash too many to the one without; all else is not there. */
async function missing(app: App, c: Context): Promise<Response> {
  const asked = /^(GET|HEAD)$/.test(c.req.method)
  const old = asked && (await moved(app, c))
  if (old) return old
  const { pathname, search } = new URL(c.req.url) // percent-encoded: nothing in it ends a header
  let end = pathname.length
  while (pathname[end - 1] === '/') end--
  if (asked && end < pathname.length && /^\/[a-z]/.test(pathname.slice(0, end)))
    return c.redirect(`${pathname.slice(0, end)}${search}`, 301)
  return c.html(await problemPage(app, new Problem('page-not-found')), 404)
}

async function refused(app: App, c: Context, error: Error): Promise<Response> {
  if (error instanceof Problem) return c.html(await problemPage(app, error), error.status)
  if (error instanceof HTTPException) return error.getResponse()
  app.log.error('a page failed', { path: c.req.routePath, error })
  return c.html(await brokenPage(app), 500)
}
