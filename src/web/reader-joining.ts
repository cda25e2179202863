import { setTimeout } from 'node:timers/promises'
import type { Context } from 'hono'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { clientNetwork } from './client.ts'
import { embedPage, embedSentPage } from './embed.ts'
import { type Html, type Paper, paper } from './pages.ts'
import { policy } from './policy.ts'
import type { Reader } from './reader.ts'
import { confirmedPage, confirmPage, type Form, sentPage, subscribePage } from './reader-pages.ts'
import { type Place, readSignUp, type Sent, type SignUp, signUp, spokenOr, stampAgain, stampOf } from './sign-up.ts'
import { sectionsOf } from './wish-fields.ts'

const SAME_TIME = 120 // ms: longer than any of the ways a request to join can end takes

/** One and the same form on a page of its own and on one that other sites may show within theirs. */
const PLACES: Record<Place, { page: typeof subscribePage; sent: typeof sentPage; policy: string }> = {
  '/subscribe': { page: subscribePage, sent: sentPage, policy: policy({ script: true }) },
  '/subscribe/embed': { page: embedPage, sent: embedSentPage, policy: policy({ script: true, framed: true }) },
}

/** Asking to join, from our page, from within another site's, or from a form of another site's own. */
export function joining(app: App, pages: Reader): void {
  for (const place of Object.keys(PLACES) as Place[]) {
    const { page, sent, policy } = PLACES[place]
    pages.use(place, async (c, next) => {
      await next()
      c.res.headers.set('Content-Security-Policy', policy)
    })
    pages.get(place, async (c) => {
      c.set('language', spokenOr(c.req.query('lang')))
      const form = { list: c.req.query('list'), language: c.get('language') }
      const { known, language, lists } = await offered(app, form)
      return c.html(page(known, language, await blank(app, lists)))
    })
    pages.post(place, async (c) => {
      const began = performance.now()
      const form = await readSignUp(c)
      c.set('language', form.language ?? (await paper(app)).language)
      const { answer, done } = await answered(app, c, place, form)
      await aboutTime(app, began, done)
      return answer
    })
    pages.get(`${place}/sent`, async (c) => {
      const known = await paper(app)
      c.header('Content-Security-Policy', policy)
      return c.html(sent(known, spokenOr(c.req.query('lang')) ?? known.language, c.req.query('at') === 'once'))
    })
  }
}

/** Behind a confirmation's link: a button, because machines follow links. */
export function confirming(app: App, pages: Reader): void {
  pages.get('/confirm/:token', async (c) => {
    const { list, subscription, waits } = await subscribers.readConfirmation(app, c.req.param('token'))
    const show = waits ? confirmPage : confirmedPage
    return c.html(show(await paper(app), subscription.language, list))
  })
  pages.post('/confirm/:token', async (c) => {
    const token = c.req.param('token')
    const asked = await subscribers.readConfirmation(app, token)
    const home = await digests.homeOf(app.read, asked.subscription.id)
    const { list, subscription } = await subscribers.confirm(app, token, clientNetwork(c, app.config), home)
    const { preferences } = subscribers.tokens(app, subscription) // whoever confirms has the mailbox
    const { when, words } = await digests.coming(app.db, subscription.id, instant(app.now()))
    const more = { preferences: `/preferences/${preferences}`, coming: when && words }
    return c.html(confirmedPage(await paper(app), subscription.language, list, more))
  })
}

const unfinished = new WeakMap<App['database'], Set<Promise<void>>>()

/** Ends when all requests that were answered are dealt with: the database may be closed then. */
export async function settled({ database }: App): Promise<void> {
  await Promise.all(unfinished.get(database) ?? [])
}

/**
 * Waits until nobody can tell by the clock what was found: for as long as all requests took until they part, on busy machines
 * for a multiple of that, and not for what is being done. If that fails meanwhile it is thrown, later it is only in the log.
 */
async function aboutTime(app: App, began: number, done: Promise<void>): Promise<void> {
  const taken = performance.now() - began
  let answered = false
  let failed: { error: unknown } | undefined
  const all = unfinished.get(app.database) ?? new Set()
  unfinished.set(app.database, all)
  const ended = done.catch((error: unknown) => {
    failed = { error }
    if (answered) app.log.error('a request to join was answered and is lost', { error })
  })
  all.add(ended)
  void ended.then(() => all.delete(ended))
  await setTimeout(Math.ceil(taken / SAME_TIME) * SAME_TIME - taken)
  answered = true
  if (failed) throw failed.error
}

type Answered = { answer: Response; done: Promise<void> }

async function answered(app: App, c: Context, place: Place, form: SignUp): Promise<Answered> {
  const { known, language, lists, list } = await offered(app, form)
  const again = async (more: Partial<Form>): Promise<Html> => {
    const asked = { list: form.list, email: form.email, wishes: form.wishes }
    return PLACES[place].page(known, language, { ...(await blank(app, lists)), ...asked, ...more })
  }
  // Another site's form: nothing is done yet.
  if (form.stamp === undefined)
    return { answer: await c.html(await again({ again: true }), 422), done: Promise.resolve() }
  const sent: Sent = { ...form, stamp: form.stamp, list: form.list ?? list?.slug ?? '' }
  const { problem, done } = await signUp(app, c, sent, place, language)
  if (problem)
    return {
      answer: await c.html(await again({ problem, stamp: stampAgain(app, sent, problem) }), problem.status),
      done,
    }
  const single = lists.some((one) => one.slug === sent.list && one.single_opt_in !== null)
  return { answer: c.redirect(`${place}/sent?lang=${language}${single ? '&at=once' : ''}`, 303), done }
}

type Offer = { known: Paper; language: string; lists: subscribers.List[]; list: subscribers.List | undefined }

/** The lists to choose from (one, where it is named), the one that is chosen where none is, and the language to speak. */
async function offered(app: App, form: Pick<SignUp, 'list' | 'language'>): Promise<Offer> {
  const known = await paper(app)
  const named = form.list === undefined ? undefined : await subscribers.findPublicList(app.read, form.list)
  const lists = named ? [named] : await subscribers.publicLists(app.read)
  const language = form.language ?? spokenOr(named?.language) ?? known.language
  const list = lists.find((one) => one.language.split('-')[0] === language) ?? lists[0]
  return { known, language, lists, list }
}

async function blank(app: App, lists: subscribers.List[]): Promise<Form> {
  const sections = lists.length === 1 ? await sectionsOf(app, lists[0]!.id) : []
  return { lists, stamp: stampOf(app), sections }
}
