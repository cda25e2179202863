import { html } from 'hono/html'
import * as channels from '../../channels.ts'
import * as feedHealth from '../../feed-health/index.ts'
import { say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { nameOf } from './channels-form.ts'
import { deskPage } from './frame.ts'
import type { Answer, Visit } from './routes.ts'

const ROOM = '/admin/channels'

/** Whether a channel is well, in a word; one that nobody has looked at since it changed is looked at while the page is read. */
export function healthCell(visit: Visit, channel: channels.Channel): Html {
  const { language } = visit
  const path = `${ROOM}/${channel.slug}/health`
  const known = feedHealth.remembered(visit.app, channel)
  if (known) return html`<a href="${path}">${inAWord(language, known)}</a>`
  return html`<a href="${path}" hx-get="${path}?as=word" hx-trigger="load" hx-swap="outerHTML" hx-sync="closest table:queue all">${say(language, 'desk.channels-look-at')}</a>`
}

/** The same in sentences, on the page of the channel. */
export function healthPiece(visit: Visit, channel: channels.Channel): Html {
  const known = feedHealth.remembered(visit.app, channel)
  if (known) return inSentences(visit, known)
  const path = `${ROOM}/${channel.slug}/health`
  return html`<p hx-get="${path}?as=sentences" hx-trigger="load" hx-swap="outerHTML"><a class="go" href="${path}">${say(visit.language, 'desk.channels-look-at')}</a></p>`
}

/** Looks at a channel's feeds, and says so on a page, or as the piece of one that asks. */
export async function healthPage(visit: Visit): Answer {
  const { app, language, params, query } = visit
  const channel = await channels.find(app.read, params['slug']!)
  const [health] = await feedHealth.health(app, channel.slug)
  if (query.get('as') === 'word')
    return html`<a href="${ROOM}/${channel.slug}/health">${inAWord(language, health!)}</a>`
  if (query.get('as') === 'sentences') return inSentences(visit, health!)
  return deskPage(
    visit,
    nameOf(language, channel),
    html`<p><a class="go" href="${ROOM}/${channel.slug}">${say(language, 'desk.channels-back', { title: nameOf(language, channel) })}</a></p>
<section><h2>${say(language, 'desk.channels-health')}</h2>${inSentences(visit, health!)}</section>`,
  )
}

function inAWord(language: string, { valid, problems }: feedHealth.Health): Html {
  if (!valid) return html`<b class="bad">${say(language, 'desk.channels-ill')}</b>`
  const n = problems.length
  return html`${n === 0 ? say(language, 'desk.channels-well') : say(language, 'desk.channels-warned', { n })}`
}

/** The verb's own sentences; those about single stories belong to the one before. */
function inSentences({ language }: Visit, health: feedHealth.Health): Html {
  const [state, ...rest] = feedHealth.sentences(language, health)
  return html`<div class="health"><p>${state}</p>${rest.length > 0 && html`<ul class="plain">${rest.map((line) => html`<li${line.startsWith('    ') && html` class="within"`}>${line.trim()}</li>`)}</ul>`}</div>`
}
