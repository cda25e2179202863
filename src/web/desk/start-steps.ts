import { html } from 'hono/html'
import { say } from '../../locale.ts'
import * as site from '../../site.ts'
import { city } from '../../zones.ts'
import type { Html } from '../pages.ts'
import { field } from './fields.ts'
import { hidden } from './frame.ts'
import type { Visit } from './routes.ts'
import { identityForm } from './settings.ts'
import { relayForm, senderForm, testForm } from './settings-mail.ts'
import { logoOf } from './settings-page.ts'
import type { Step } from './standing.ts'

/** The form of a step; each is the one that the settings show later. */
export async function stepForm(visit: Visit, step: Exclude<Step, 'digest'>, at: string): Promise<Html> {
  const { app } = visit
  if (step === 'site') return siteForm(visit, `${at}/site`)
  if (step === 'name') return identityForm(visit, await site.show(app, app.read), await logoOf(visit), `${at}/name`)
  if (step === 'sender') return senderForm(visit, `${at}/sender`)
  return html`${await relayForm(visit, `${at}/relay`)}${testForm(visit, `${at}/test`)}`
}

async function siteForm(visit: Visit, action: string): Promise<Html> {
  const { app, language, form } = visit
  const known = await app.read.selectFrom('source').select(['url', 'title']).where('id', '>', 0).limit(5).execute()
  return html`${known.length > 0 && html`<ul class="plain">${known.map(({ url, title }) => html`<li><bdi>${title || url}</bdi></li>`)}</ul>`}
<form method="post" action="${action}">${hidden(visit)}
${field(language, { name: 'url', label: 'desk.start-site-field', hint: 'desk.start-site-hint', dir: 'ltr', max: 2000, required: true, value: form.get('url') })}
<p><button type="submit">${say(language, 'desk.start-site-connect')}</button></p></form>`
}

/** What the first digest is called, and at what hour it goes out. */
export async function digestForm(visit: Visit, action: string): Promise<Html> {
  const { app, language, form } = visit
  const { zone } = await site.show(app, app.read)
  return html`<form method="post" action="${action}">${hidden(visit)}
${field(language, { name: 'title', label: 'desk.start-digest-title', required: true, max: 200, value: form.get('title') ?? say(language, 'desk.start-digest-name') })}
${field(language, { name: 'at', label: 'desk.start-digest-at', type: 'time', required: true, value: form.get('at') ?? '08:00' })}
<p class="small">${say(language, 'desk.start-digest-zone', { zone: city(zone, language) })}</p>
<p><button type="submit">${say(language, 'desk.start-digest-add')}</button></p></form>`
}
