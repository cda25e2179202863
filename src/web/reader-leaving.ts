import type { Context } from 'hono'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { longDate, say } from '../locale.ts'
import * as subscribers from '../subscribers/index.ts'
import { clientNetwork } from './client.ts'
import { type Html, type Paper, paper } from './pages.ts'
import type { Reader } from './reader.ts'
import { fewerPage, leavePage, leftPage, undonePage, type Ways } from './reader-pages.ts'
import { pause as pauseUntil, prefer, zoneOf } from './wish-deeds.ts'
import { dayName, onlyDay } from './wish-fields.ts'

const WEEKS = 4

/** What a button of the page does: the standing after it, and what is to be seen. */
type Deed = (app: App, standing: subscribers.Standing, known: Paper, network: string) => Promise<Html>

const DEEDS: Record<string, Deed> = { weekly: whileReading(weekly), pause: whileReading(pause), all, undo }

/** Leaving by one click or by a page, which also knows less and has a way back. */
export function leaving(app: App, pages: Reader): void {
  pages.get('/unsubscribe/:token', async (c) => {
    const standing = await subscribers.readLeaving(app, c.req.param('token'))
    c.set('language', standing.subscription.language)
    const known = await paper(app)
    if (standing.subscription.state === 'left') return c.html(await goneFrom(app, known, standing))
    const { list, subscription } = standing
    return c.html(leavePage(known, subscription.language, list, await waysOf(app, standing)))
  })
  // RFC 8058: a mail program posts here for its reader, without cookie, Origin or anybody who looks at the answer.
  pages.post('/unsubscribe/:token', async (c) => {
    const body = await c.req.text()
    const token = c.req.param('token')
    if (subscribers.isTrial(app.keys, token)) return c.text('OK\n')
    if (body.includes('One-Click')) {
      await subscribers.leave(app, token, 'one-click', clientNetwork(c, app.config))
      return c.text('OK\n')
    }
    return c.html(await pressed(app, c, token, new URLSearchParams(body).get('do') ?? ''))
  })
}

async function pressed(app: App, c: Context, token: string, act: string): Promise<Html> {
  const network = clientNetwork(c, app.config)
  const deed = Object.hasOwn(DEEDS, act) ? DEEDS[act]! : undefined
  if (!deed) {
    const standing = await subscribers.leave(app, token, 'page', network)
    return goneFrom(app, await paper(app), standing)
  }
  return deed(app, await subscribers.readLeaving(app, token), await paper(app), network)
}

/** Nothing less is promised to who gets nothing any more, as from a page that was open still. */
function whileReading(deed: Deed): Deed {
  return async (app, standing, known, network) =>
    standing.subscription.state === 'active' ? deed(app, standing, known, network) : goneFrom(app, known, standing)
}

async function goneFrom(app: App, known: Paper, standing: subscribers.Standing, all = false): Promise<Html> {
  const { list, subscription } = standing
  const undo = await subscribers.canUndo(app, standing)
  return leftPage(known, subscription.language, list, { undo, all })
}

async function waysOf(app: App, { subscription }: subscribers.Standing): Promise<Ways> {
  const { weekdays, paused_until, subscriber_id, id } = subscription
  const active = subscription.state === 'active'
  const other = await app.read
    .selectFrom('subscription')
    .select('id')
    .where('subscriber_id', '=', subscriber_id)
    .where('id', '!=', id)
    .where('state', '=', 'active')
    .limit(1)
    .executeTakeFirst()
  return {
    weekly: active && onlyDay(weekdays) === undefined,
    pause: active && (paused_until ?? 0) <= instant(app.now()),
    others: other !== undefined,
  }
}

/** On the day of the week on which it was asked for: the last letter has just come. */
async function weekly(app: App, standing: subscribers.Standing, known: Paper): Promise<Html> {
  const { list, subscription } = standing
  const day = app.now().toZonedDateTimeISO(await zoneOf(app, standing)).dayOfWeek
  await prefer(app, standing, { weekdays: 1 << (day - 1) })
  const { language } = subscription
  return fewerPage(known, language, list, say(language, 'reader.weekly-done', { day: dayName(language, day) }))
}

async function pause(app: App, standing: subscribers.Standing, known: Paper): Promise<Html> {
  const { list, subscription } = standing
  const zone = await zoneOf(app, standing)
  const until = app.now().toZonedDateTimeISO(zone).toPlainDate().add({ weeks: WEEKS })
  await pauseUntil(app, standing, zone, until.toString())
  const { language } = subscription
  return fewerPage(known, language, list, say(language, 'prefs.paused', { day: longDate(until, language) }))
}

async function all(app: App, standing: subscribers.Standing, known: Paper, network: string): Promise<Html> {
  return goneFrom(app, known, await subscribers.leaveAll(app, standing, network), true)
}

async function undo(app: App, standing: subscribers.Standing, known: Paper, network: string): Promise<Html> {
  const after = await subscribers.undo(app, standing, network)
  const { list, subscription } = after
  if (subscription.state !== 'active') return goneFrom(app, known, after)
  return undonePage(known, subscription.language, list)
}
