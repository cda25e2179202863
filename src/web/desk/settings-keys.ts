import { html } from 'hono/html'
import { type Instant, instant, later } from '../../../db/instant.ts'
import * as dkim from '../../dkim/index.ts'
import * as doctor from '../../doctor/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import type { Html } from '../pages.ts'
import { hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { foundIn, foundOfAll } from './settings-found.ts'
import { settingsPage } from './settings-page.ts'
import { tellAt } from './told.ts'

const HERE = '/admin/settings/keys'
const DAY = 86_400_000 // ms until a next key signs, so that its record is known by then
const UNDER_WAY = 7 * DAY // ms for which letters that an earlier key signed may still be on their way

/** The keys that letters are signed with, the records to publish, and what is found of them in DNS. */
export const keyRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => keysPage(visit) },
  { method: 'POST', path: HERE, allow: 'settings.write', answer: makeKey },
  { method: 'POST', path: `${HERE}/check`, allow: 'settings.write', answer: check },
  { method: 'POST', path: `${HERE}/examine`, allow: 'settings.write', answer: examine },
]

async function keysPage(visit: Visit, { problem, found }: { problem?: Problem; found?: Html } = {}): Answer {
  const { app, c, language } = visit
  const domain = await senderDomain(visit)
  const keys = await dkim.all(app.read)
  const button = (action: string, words: 'desk.settings-check-now' | 'desk.settings-check-all') =>
    html`<form method="post" action="${HERE}/${action}">${hidden(visit)}<p><button class="second" type="submit">${say(language, words)}</button></p></form>`
  const page = await settingsPage(
    visit,
    HERE,
    html`${mistake(language, problem)}${found}<p>${say(language, 'desk.settings-keys-text')}</p>
${next(visit, domain, keys)}
<section><h2>${say(language, 'desk.settings-check')}</h2><p>${say(language, 'desk.settings-check-text')}</p>${button('check', 'desk.settings-check-now')}</section>
${keys.map((key) => keyShown(visit, key, keys))}
<section><h2>${say(language, 'desk.settings-check-server')}</h2><p>${say(language, 'desk.settings-check-server-text')}</p>${button('examine', 'desk.settings-check-all')}</section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** The first key, or the next one; none while one waits for its day. */
function next(visit: Visit, domain: string | undefined, keys: dkim.DkimKey[]): Html {
  const { app, language } = visit
  if (domain === undefined)
    return html`<p><a class="go" href="/admin/settings/mail">${say(language, 'desk.settings-keys-sender')}</a></p>`
  const own = keys.filter((key) => key.domain === domain)
  if (own.some((key) => key.signs_at > instant(app.now())))
    return html`<p>${say(language, 'desk.settings-keys-waits', { domain })}</p>`
  const words = own.length > 0 ? 'desk.settings-keys-next' : 'desk.settings-keys-first'
  return html`<form method="post" action="${HERE}">${hidden(visit)}<p><button type="submit">${say(language, words, { domain })}</button></p>${own.length > 0 && html`<p class="small">${say(language, 'desk.settings-keys-why-next')}</p>`}</form>`
}

function keyShown(visit: Visit, key: dkim.DkimKey, keys: dkim.DkimKey[]): Html {
  const { language } = visit
  const { name, text } = dkim.record(key)
  return html`<section class="record"><h2><bdi dir="ltr">${key.selector} · ${key.domain}</bdi></h2>
<p>${standing(visit, key, keys)}</p>
<dl><dt>${say(language, 'desk.settings-key-name')}</dt><dd dir="ltr"><code>${name}</code> ${copying(language, name)}</dd><dt>${say(language, 'desk.settings-key-value')}</dt><dd dir="ltr"><code>${text}</code> ${copying(language, text)}</dd></dl></section>`
}

/** Whether it signs, will sign or has signed, and what is to be done with its record. */
function standing(visit: Visit, key: dkim.DkimKey, keys: dkim.DkimKey[]): Html | string {
  const { app, language } = visit
  const now = instant(app.now())
  if (key === dkim.current(keys, key.domain, now)) return say(language, 'desk.settings-key-signs')
  if (key.signs_at > now) return html`${say(language, 'desk.settings-key-next')} ${momentOf(visit, key.signs_at)}`
  const until = untilOf(key, keys)
  if (later(until, UNDER_WAY) < now) return say(language, 'desk.settings-key-over')
  return html`${say(language, 'desk.settings-key-earlier')} ${momentOf(visit, later(until, UNDER_WAY))}`
}

/** When the key that followed it began to sign. */
function untilOf(key: dkim.DkimKey, keys: dkim.DkimKey[]): Instant {
  const after = keys.filter((one) => one.domain === key.domain && one.signs_at > key.signs_at)
  return Math.min(...after.map(({ signs_at }) => signs_at)) as Instant
}

/** A button that copies what stands before it; shown where the browser can. */
function copying(language: string, text: string): Html {
  return html`<button class="plain" type="button" data-copy="${text}" data-copied="${say(language, 'desk.channels-copied')}" hidden>${say(language, 'desk.channels-copy')}</button> <span class="small" role="status"></span>`
}

async function senderDomain({ app }: Visit): Promise<string | undefined> {
  try {
    const { address } = site.sender(app, await site.show(app, app.read))
    return address.slice(address.lastIndexOf('@') + 1)
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

async function makeKey(visit: Visit): Answer {
  const { app, c } = visit
  try {
    const domain = await senderDomain(visit)
    if (domain === undefined) throw new Problem('no-sender')
    const own = (await dkim.all(app.db)).filter((key) => key.domain === domain)
    if (own.some((key) => key.signs_at > instant(app.now()))) return c.redirect(HERE, 303) // asked for twice
    if (own.length > 0) await dkim.rotate(app, actorOf(visit), { domain, after: DAY })
    else await dkim.add(app, actorOf(visit), { domain })
    return c.redirect(tellAt(HERE, 'done'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return keysPage(visit, { problem })
    throw problem
  }
}

/** What DNS says now, in the visitor's language. */
async function check(visit: Visit): Answer {
  return keysPage(visit, { found: foundIn(visit.language, await doctor.records(visit.app)) })
}

/** What the doctor finds, in its own words, which are English. */
async function examine(visit: Visit): Answer {
  const findings: doctor.Finding[] = []
  for await (const finding of doctor.examine(visit.app)) findings.push(finding)
  return keysPage(visit, { found: foundOfAll(findings) })
}
