import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as channels from '../../channels.ts'
import * as links from '../../links.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { channelFields, nameOf, read } from './channels-form.ts'
import { healthPiece } from './channels-health.ts'
import { live, preview } from './channels-preview.ts'
import { deskPage, hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Visit } from './routes.ts'
import { tellAt, toldHere } from './told.ts'

const ROOM = '/admin/channels'

/** A channel: where its feeds lie, whether they are well, and what is decided about it. */
export async function channelPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language, params } = visit
  const channel = await channels.find(app.read, params['slug']!)
  const page = await deskPage(
    visit,
    nameOf(language, channel),
    html`<p><a class="go" href="${ROOM}">${say(language, 'desk.channels')}</a></p>${toldHere(visit, `${ROOM}/${channel.slug}/undo`)}${mistake(language, problem)}
<section><h2>${say(language, 'desk.channels-addresses')}</h2>${addresses(visit, channel)}</section>
<section><h2>${say(language, 'desk.channels-health')}</h2>${healthPiece(visit, channel)}</section>
${await settings(visit, channel)}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** Where the channel lies for people and for programs, each to be copied. */
function addresses({ app, language }: Visit, { slug }: channels.Channel): Html {
  const { url } = app.config
  const all = [
    ['desk.channels-page', slug === 'all' ? `${url}/` : links.channel(url, slug)],
    ['desk.channels-rss', links.feed(url, slug, 'rss')],
    ['desk.channels-atom', links.feed(url, slug, 'atom')],
    ['desk.channels-json', links.feed(url, slug, 'json')],
  ] as const
  return html`<dl class="addresses">${all.map(
    ([name, address]) =>
      html`<div><dt>${say(language, name)}</dt><dd><a href="${address}" dir="ltr">${address}</a> <button class="plain" type="button" data-copy="${address}" data-copied="${say(language, 'desk.channels-copied')}" hidden>${say(language, 'desk.channels-copy')}<span class="unseen"> ${say(language, name)}</span></button> <span class="small" role="status"></span></dd></div>`,
  )}</dl>`
}

async function settings(visit: Visit, channel: channels.Channel): Promise<Html> {
  const { language, roles, form } = visit
  const filter = channels.filterOf(channel)
  if (!accounts.may(roles, 'channel.write')) return preview(visit, filter)
  const now = { ...channel, filter, language: channel.language ?? '', summary: channel.text === 'summary' }
  return html`<div class="beside"><section><h2>${say(language, 'desk.channels-settings')}</h2>
<form method="post" action="${ROOM}/${channel.slug}">${hidden(visit)}
${await channelFields(visit, now)}
${live(visit)}</form></section>
${await preview(visit, form.has('t') && channel.slug !== 'all' ? read(visit).filter : filter)}</div>`
}

/** Saves what was changed, or with the other button shows what would pass. */
export async function saveChannel(visit: Visit): Answer {
  const { app, c, form, params } = visit
  const slug = params['slug']!
  if (form.has('look')) return channelPage(visit)
  try {
    const before = await channels.find(app.db, slug)
    const { filter, ...rest } = read(visit)
    const after = await channels.set(app, actorOf(visit), slug, slug === 'all' ? rest : { ...rest, filter })
    const undo = after.version === before.version ? undefined : String(after.changed_at)
    return c.redirect(tellAt(`${ROOM}/${slug}`, 'saved', undo), 303)
  } catch (error) {
    if (error instanceof Problem && error.code !== 'channel-not-found') return channelPage(visit, error)
    throw error
  }
}

/** Takes the visitor's own last change back, if nobody has changed the channel since. */
export async function undoChange(visit: Visit): Answer {
  const { app, c, form, params } = visit
  const slug = params['slug']!
  const undone = await channels.undo(app, actorOf(visit), slug, Number(form.get('undo')) as Instant)
  return c.redirect(tellAt(`${ROOM}/${slug}`, undone ? 'undone' : 'gone'), 303)
}
