import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
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
import { settingsPage } from './settings-page.ts'
import { tellAt } from './told.ts'

const HERE = '/admin/settings/keys'
const DAY = 86_400_000 // ms until a next key signs, so that its record is known by then

/** The keys that letters are signed with, the records to publish, and what the doctor finds. */
export const keyRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => keysPage(visit) },
  { method: 'POST', path: HERE, allow: 'settings.write', answer: makeKey },
  { method: 'POST', path: `${HERE}/check`, allow: 'settings.write', answer: check },
]

async function keysPage(visit: Visit, { problem, found }: { problem?: Problem; found?: Html } = {}): Answer {
  const { app, c, language } = visit
  const domain = await senderDomain(visit)
  const keys = await dkim.all(app.read)
  const own = keys.filter((key) => key.domain === domain)
  const page = await settingsPage(
    visit,
    HERE,
    html`${mistake(language, problem)}<p>${say(language, 'desk.settings-keys-text')}</p>
${
  domain === undefined
    ? html`<p><a class="go" href="/admin/settings/mail">${say(language, 'desk.settings-keys-sender')}</a></p>`
    : html`<form method="post" action="${HERE}">${hidden(visit)}<p><button type="submit">${say(language, own.length > 0 ? 'desk.settings-keys-next' : 'desk.settings-keys-first', { domain })}</button></p></form>`
}
${keys.map((key) => keyShown(visit, key, key === dkim.current(keys, key.domain, instant(app.now()))))}
<section><h2>${say(language, 'desk.settings-check')}</h2><p>${say(language, 'desk.settings-check-text')}</p>
<form method="post" action="${HERE}/check">${hidden(visit)}<p><button class="second" type="submit">${say(language, 'desk.settings-check-now')}</button></p></form>${found}</section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

function keyShown(visit: Visit, key: dkim.DkimKey, signs: boolean): Html {
  const { language } = visit
  const { name, text } = dkim.record(key)
  return html`<section class="record"><h2><bdi dir="ltr">${key.selector} · ${key.domain}</bdi></h2>
<p>${signs ? say(language, 'desk.settings-key-signs') : html`${say(language, 'desk.settings-key-since')} ${momentOf(visit, key.signs_at)}`}</p>
<dl dir="ltr"><dt>TXT</dt><dd><code>${name}</code> ${copying(language, name)}</dd><dt>${say(language, 'desk.settings-key-value')}</dt><dd><code>${text}</code> ${copying(language, text)}</dd></dl></section>`
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
    const known = (await dkim.all(app.db)).some((key) => key.domain === domain)
    if (known) await dkim.rotate(app, actorOf(visit), { domain, after: DAY })
    else await dkim.add(app, actorOf(visit), { domain })
    return c.redirect(tellAt(HERE, 'done'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return keysPage(visit, { problem })
    throw problem
  }
}

const MARKS = { ok: '✓', warn: '!', fail: '✗' }

/** What the doctor finds, in its own words, which are English. */
async function check(visit: Visit): Answer {
  const findings: doctor.Finding[] = []
  for await (const finding of doctor.examine(visit.app)) findings.push(finding)
  const found = html`<div role="status"><ul class="findings" dir="ltr" lang="en">${findings.map(
    ({ check: what, state, says, todo }) =>
      html`<li class="${state}"><p><b>${MARKS[state]} ${what}</b>: ${says}</p>${todo && html`<p class="small">${todo}</p>`}</li>`,
  )}</ul></div>`
  return keysPage(visit, { found })
}
