import { randomUUID } from 'node:crypto'
import { html } from 'hono/html'
import { say } from '../../locale.ts'
import * as site from '../../site.ts'
import * as sources from '../../sources/index.ts'
import { city } from '../../zones.ts'
import type { Html } from '../pages.ts'
import { keyIn } from './articles-typed.ts'
import { area, check, field } from './fields.ts'
import { hidden } from './frame.ts'
import type { Visit } from './routes.ts'
import { identityForm } from './settings.ts'
import { relayForm, senderForm, testForm } from './settings-mail.ts'
import { logoOf } from './settings-page.ts'
import type { Step } from './standing.ts'

const FORESEEN = 5

/** The form of a step; each is the one that the settings show later, with what can be guessed filled in. */
export async function stepForm(visit: Visit, step: Step, at: string): Promise<Html> {
  const { app } = visit
  if (step === 'site') return siteForm(visit, at)
  if (step === 'digest') return digestForm(visit, `${at}/digest`)
  if (step === 'name') return identityForm(visit, await guessed(visit), await logoOf(visit), `${at}/name`)
  if (step === 'sender') return senderForm(visit, `${at}/sender`, { suggested: await senderOf(visit) })
  const known = (await app.read.selectFrom('sealed').select('name').limit(1).executeTakeFirst()) !== undefined
  return html`${await relayForm(visit, `${at}/relay`, 'desk.start-relay-go')}${(known || app.config.relays.length > 0) && testForm(visit, `${at}/test`)}`
}

/** The paper; while nobody has named it, as its own site and whoever sets it up suggest. */
async function guessed({ app, language, zone }: Visit): Promise<site.Site> {
  const paper = await site.show(app, app.read)
  const { name } = await app.read.selectFrom('site').select('name').executeTakeFirstOrThrow()
  if (name !== '') return paper
  const own = (await sources.all(app.read)).find(({ relation }) => relation === 'own')
  const story = await app.read
    .selectFrom('article')
    .select('language')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return { ...paper, name: own?.title ?? '', language: story?.language ?? language, zone }
}

/** Whoever sets it up writes under the paper's name, until somebody says otherwise. */
async function senderOf({ app, account }: Visit): Promise<string> {
  const { name } = await site.show(app, app.read)
  return `${name.replace(/[<>"]/g, '')} <${account.address}>`
}

async function siteForm(visit: Visit, at: string): Promise<Html> {
  const { app, language, form } = visit
  const known = (await sources.all(app.read)).slice(0, FORESEEN)
  return html`${known.length > 0 && html`<ul class="plain">${known.map(({ url, title }) => html`<li><bdi>${title || url}</bdi></li>`)}</ul>`}
<form method="post" action="${at}/site">${hidden(visit)}
${field(language, { name: 'url', label: 'desk.start-site-field', hint: 'desk.start-site-hint', dir: 'ltr', max: 2000, required: true, value: form.get('url') })}
<p><button type="submit">${say(language, 'desk.start-site-connect')}</button></p></form>
<h2>${say(language, 'desk.start-story')}</h2><p>${say(language, 'desk.start-story-text')}</p>
<form method="post" action="${at}/story">${hidden(visit)}<input type="hidden" name="key" value="${keyIn(form) ?? randomUUID()}">
${field(language, { name: 'headline', label: 'desk.start-story-headline', max: 300, required: true, value: form.get('headline') })}
${area(language, { name: 'text', label: 'desk.start-story-body', rows: 6, max: 20_000, required: true, value: form.get('text') ?? '' })}
<p><button class="second" type="submit">${say(language, 'desk.start-story-publish')}</button></p></form>`
}

/** What the first digest is called, at what hour it goes out, and whether its maker gets it. */
async function digestForm(visit: Visit, action: string): Promise<Html> {
  const { app, language, form, account } = visit
  const { zone } = await site.show(app, app.read)
  return html`${await foreseen(visit)}
<form method="post" action="${action}">${hidden(visit)}
${field(language, { name: 'title', label: 'desk.start-digest-title', required: true, max: 200, value: form.get('title') ?? say(language, 'desk.start-digest-name') })}
${field(language, { name: 'at', label: 'desk.start-digest-at', type: 'time', required: true, value: form.get('at') ?? '08:00' })}
<p class="small">${say(language, 'desk.start-digest-zone', { zone: city(zone, language) })}</p>
${check(language, { name: 'me', label: 'desk.start-digest-me', checked: !form.has('title') || form.has('me') })}
<p class="small"><bdi dir="ltr">${account.address}</bdi></p>
<p><button type="submit">${say(language, 'desk.start-digest-add')}</button></p></form>`
}

/** The stories that are there, newest first: what the digest would begin with. */
async function foreseen({ app, language }: Visit): Promise<Html | ''> {
  const rows = await app.read
    .selectFrom('article')
    .select(['title', 'language'])
    .where('withdrawn_at', 'is', null)
    .orderBy('published_at', 'desc')
    .limit(FORESEEN)
    .execute()
  if (rows.length === 0) return html`<p>${say(language, 'desk.start-reading')}</p>`
  return html`<h3>${say(language, 'desk.start-digest-foreseen')}</h3>
<ol>${rows.map((row) => html`<li><bdi lang="${row.language}">${row.title}</bdi></li>`)}</ol>`
}
