import { html } from 'hono/html'
import * as deliveries from '../../deliveries/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as relaySettings from '../../relay-settings.ts'
import * as site from '../../site.ts'
import type { Html } from '../pages.ts'
import { area, field } from './fields.ts'
import { hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { tellAt } from './told.ts'

const HERE = '/admin/settings/mail'

/** Who writes to readers, and who carries the letters. */
export const mailRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => mailPage(visit) },
  { method: 'POST', path: HERE, allow: 'settings.write', answer: (visit) => saving(visit, setSender) },
  { method: 'POST', path: `${HERE}/relays`, allow: 'settings.write', answer: (visit) => saving(visit, setRelays) },
  { method: 'POST', path: `${HERE}/test`, allow: 'settings.write', answer: test },
]

async function mailPage(visit: Visit, { problem, trials }: { problem?: Problem; trials?: Html } = {}): Answer {
  const { c, language } = visit
  const page = await settingsPage(
    visit,
    HERE,
    html`${mistake(language, problem)}${trials}
<section><h2>${say(language, 'desk.settings-sender')}</h2>${await senderForm(visit, HERE)}</section>
<section><h2>${say(language, 'desk.settings-relays')}</h2>${await relayForm(visit, `${HERE}/relays`)}
${testForm(visit, `${HERE}/test`)}</section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** The form of who writes to readers. */
export async function senderForm(visit: Visit, action: string): Promise<Html> {
  const { app, language, form } = visit
  const paper = await site.show(app, app.read)
  const typed = (name: 'sender' | 'reply_to' | 'report_to' | 'postal_address') => form.get(name) ?? paper[name] ?? ''
  return html`<form method="post" action="${action}">${hidden(visit)}
${
  app.config.from
    ? html`<p>${say(language, 'desk.settings-sender-fixed', { sender: app.config.from.address })}</p>`
    : field(language, {
        name: 'sender',
        label: 'desk.settings-sender-field',
        hint: 'desk.settings-sender-hint',
        value: typed('sender'),
        dir: 'auto',
        max: 300,
      })
}
${field(language, { name: 'postal_address', label: 'desk.settings-postal', hint: 'desk.settings-postal-hint', value: typed('postal_address'), max: 300 })}
${field(language, { name: 'reply_to', label: 'desk.settings-reply', value: typed('reply_to'), dir: 'auto', max: 300 })}
${field(language, { name: 'report_to', label: 'desk.settings-report', hint: 'desk.settings-report-hint', type: 'email', value: typed('report_to'), max: 254 })}
<p><button type="submit">${say(language, 'desk.settings-save')}</button></p></form>`
}

/** The relays that are set, by their hosts, and where to set others; their passwords are shown to nobody, nor is what was mistyped. */
export async function relayForm(visit: Visit, action: string): Promise<Html> {
  const { app, language, form } = visit
  await relaySettings.look(app)
  const relays = relaySettings.relaysOf(app)
  const now =
    relays.length > 0
      ? html`<ul class="plain">${relays.map((relay) => html`<li><bdi dir="ltr">${relay.secure ? 'smtps' : 'smtp'}://${relay.name}</bdi></li>`)}</ul>`
      : html`<p>${say(language, 'desk.settings-relays-none')}</p>`
  if (app.config.relays.length > 0)
    return html`${now}<p class="small">${say(language, 'desk.settings-relays-fixed')}</p>`
  const gone = form.get('relays') && html`<p class="mistake">${say(language, 'desk.settings-relays-gone')}</p>`
  return html`${now}<form method="post" action="${action}">${hidden(visit)}
${gone}${area(language, { name: 'relays', label: relays.length > 0 ? 'desk.settings-relays-anew' : 'desk.settings-relays-field', hint: 'desk.settings-relays-hint', rows: 2, dir: 'ltr', max: 4000 })}
<p><button type="submit">${say(language, 'desk.settings-save')}</button></p></form>`
}

/** Where a letter can be sent to oneself. */
export function testForm(visit: Visit, action: string): Html {
  const { language, account } = visit
  return html`<form method="post" action="${action}">${hidden(visit)}
<p><button class="second" type="submit">${say(language, 'desk.settings-test', { address: account.address })}</button></p></form>`
}

async function saving(visit: Visit, save: (visit: Visit) => Promise<void>): Answer {
  try {
    await save(visit)
    return visit.c.redirect(tellAt(HERE, 'saved'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return mailPage(visit, { problem })
    throw problem
  }
}

/** Takes the form of who writes to readers. */
export async function setSender(visit: Visit): Promise<void> {
  const { app, form } = visit
  const names = ['sender', 'reply_to', 'report_to', 'postal_address']
  const given = names.flatMap((name) => (form.has(name) ? [[name, form.get(name)!.trim()]] : []))
  await site.set(app, actorOf(visit), Object.fromEntries(given))
}

/** Takes the form of the relays, and has whoever waits for one begin. */
export async function setRelays(visit: Visit): Promise<void> {
  await relaySettings.set(visit.app, actorOf(visit), visit.form.get('relays') ?? '')
  deliveries.wake(visit.app)
}

async function test(visit: Visit): Answer {
  try {
    return await mailPage(visit, { trials: await triedRelays(visit) })
  } catch (problem) {
    if (problem instanceof Problem) return mailPage(visit, { problem })
    throw problem
  }
}

/** Sends a letter to whoever asks by every relay, and says what came of each: what it means, what to do, and the relay's own words. */
export async function triedRelays({ app, account, language }: Visit): Promise<Html> {
  const { address } = account
  const trials = await deliveries.tryRelays(app, address, language)
  return html`<div class="told" role="status">${trials.map(
    ({ relay, came, reply }) =>
      html`<p>${say(language, `desk.settings-test-${came}`, { relay, address })}</p><p class="small">${say(language, 'desk.settings-test-words')} <code dir="ltr">${reply}</code></p>`,
  )}</div>`
}
