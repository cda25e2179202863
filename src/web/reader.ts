import { setTimeout } from 'node:timers/promises'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'
import { clientNetwork } from './client.ts'
import { type Html, type Paper, paper } from './pages.ts'
import {
  confirmedPage,
  confirmPage,
  leavePage,
  leftPage,
  refusalPage,
  sentPage,
  subscribePage,
} from './reader-pages.ts'
import { readSignUp, type SignUp, signUp, spokenOr, stampAgain, stampOf } from './sign-up.ts'

type Variables = { language: string | undefined }
type Reader = Hono<{ Variables: Variables }>

const LARGEST = 64 * 1024
const SAME_TIME = 120 // ms: longer than any of the ways a request to join can end takes

/** Nobody else may see, keep or learn the address of a reader's own page. */
const PERSONAL = {
  'Cache-Control': 'no-store, private',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex, nofollow',
}

/** The reader's own pages: joining, confirming, leaving. GET and HEAD never change anything. */
export function reader(app: App): Hono {
  const pages: Reader = new Hono()
  for (const path of ['/subscribe', '/subscribe/sent', '/confirm/:token', '/unsubscribe/:token']) {
    pages.use(path, async (c, next) => {
      await next()
      for (const [name, value] of Object.entries(PERSONAL)) c.res.headers.set(name, value)
    })
    pages.use(path, bodyLimit({ maxSize: LARGEST, onError: () => Promise.reject(new Problem('form-too-large')) }))
  }
  joining(app, pages)
  confirming(app, pages)
  leaving(app, pages)
  pages.onError(async (error, c) => {
    if (!(error instanceof Problem)) throw error
    const known = await paper(app)
    if (error.status === 429) c.header('Retry-After', '3600')
    return c.html(refusalPage(known, c.get('language') ?? known.site.language, error), error.status)
  })
  return pages as unknown as Hono
}

function joining(app: App, pages: Reader): void {
  pages.get('/subscribe', async (c) => {
    const slug = c.req.query('list')
    c.set('language', spokenOr(c.req.query('lang')))
    const known = await paper(app)
    const list = slug === undefined ? undefined : await subscribers.findPublicList(app.read, slug)
    const language = c.get('language') ?? spokenOr(list?.language) ?? known.site.language
    const lists = list ? [list] : await subscribers.publicLists(app.read)
    return c.html(subscribePage(known, language, { lists, stamp: stampOf(app) }))
  })
  pages.post('/subscribe', async (c) => {
    const began = performance.now()
    const form = await readSignUp(c)
    const known = await paper(app)
    const language = form.language ?? known.site.language
    c.set('language', language)
    const problem = await signUp(app, c, form, language)
    await setTimeout(Math.max(0, SAME_TIME - (performance.now() - began)))
    if (problem) return c.html(await formAgain(app, known, language, form, problem), problem.status)
    return c.redirect(`/subscribe/sent?lang=${language}`, 303)
  })
  pages.get('/subscribe/sent', async (c) => {
    const known = await paper(app)
    return c.html(sentPage(known, spokenOr(c.req.query('lang')) ?? known.site.language))
  })
}

function confirming(app: App, pages: Reader): void {
  pages.get('/confirm/:token', async (c) => {
    const { list, subscription } = await subscribers.readConfirmation(app, c.req.param('token'))
    const show = subscription.state === 'active' ? confirmedPage : confirmPage
    return c.html(show(await paper(app), subscription.language, list))
  })
  pages.post('/confirm/:token', async (c) => {
    const { list, subscription } = await subscribers.confirm(app, c.req.param('token'), clientNetwork(c, app.config))
    return c.html(confirmedPage(await paper(app), subscription.language, list))
  })
}

function leaving(app: App, pages: Reader): void {
  pages.get('/unsubscribe/:token', async (c) => {
    const { list, subscription } = await subscribers.readLeaving(app, c.req.param('token'))
    const show = subscription.state === 'left' ? leftPage : leavePage
    return c.html(show(await paper(app), subscription.language, list))
  })
  // RFC 8058: a mail program posts here for its reader, without cookie, Origin or anybody who looks at the answer.
  pages.post('/unsubscribe/:token', async (c) => {
    const oneClick = (await c.req.text()).includes('One-Click')
    const token = c.req.param('token')
    if (subscribers.isTrial(app.keys, token)) return c.text('OK\n')
    const { list, subscription } = await subscribers.leave(
      app,
      token,
      oneClick ? 'one-click' : 'page',
      clientNetwork(c, app.config),
    )
    if (oneClick) return c.text('OK\n')
    return c.html(leftPage(await paper(app), subscription.language, list))
  })
}

/** The form once more, with the mistake named and what was typed still there. */
async function formAgain(app: App, known: Paper, language: string, form: SignUp, problem: Problem): Promise<Html> {
  const lists = await subscribers.publicLists(app.read)
  const one = lists.filter(({ slug }) => slug === form.list)
  return subscribePage(known, language, {
    lists: one.length > 0 && lists.length === 1 ? one : lists,
    list: form.list,
    email: form.email,
    stamp: stampAgain(app, form, problem),
    problem,
  })
}
