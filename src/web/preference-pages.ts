import { html } from 'hono/html'
import { instant } from '../../db/instant.ts'
import { masked } from '../address.ts'
import type { App } from '../app.ts'
import type { Coming } from '../digests/index.ts'
import { say, sentence } from '../locale.ts'
import type { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'
import type { Html, Paper } from './pages.ts'
import { frame, hidden, home, press } from './reader-pages.ts'
import { spokenOr } from './sign-up.ts'
import { type Choice, wishFields } from './wish-fields.ts'

/** What happened just now, and what the fields need: `zone` is where the reader's days begin. */
export type Seen = { sections: Choice[]; coming: Coming; zone: string; saved?: boolean; problem?: Problem }

type Preferences = subscribers.Preferences

/** All that a reader may decide, one form for each kind of decision. */
export function preferencesPage(paper: Paper, app: App, preferences: Preferences, seen: Seen): Html {
  const { subscription, list, address } = preferences
  const { language } = subscription
  const active = subscription.state === 'active'
  return frame(
    paper,
    language,
    '/preferences',
    say(language, 'prefs.title'),
    html`${seen.saved && html`<p class="done" role="status">${say(language, 'prefs.saved')}</p>`}
${seen.problem && html`<p class="mistake" role="alert">${sentence(language, seen.problem)}</p>`}
<p>${say(language, 'prefs.for', { address: `\u2066${masked(address)}\u2069`, list: list.title })}</p>
<p class="standfirst">${standing(preferences, seen)}</p>
${active && wishes(paper, preferences, seen)}
${lists(app, preferences)}
${active && pausing(app, preferences, seen)}
${active && html`<section><p><a href="/unsubscribe/${subscribers.tokens(app, subscription).unsubscribe}">${say(language, 'prefs.leave')}</a></p></section>`}
${data(app, preferences)}`,
  )
}

function standing({ subscription, list }: Preferences, { coming }: Seen): string {
  if (coming.state === 'left') return say(subscription.language, 'prefs.left', { list: list.title })
  return coming.words
}

function wishes(paper: Paper, { subscription }: Preferences, { sections }: Seen): Html {
  const { language } = subscription
  const fields = { language, zone: paper.site.zone, sections, wishes: subscribers.wishesOf(subscription) }
  return html`<section aria-labelledby="wishes"><h2 id="wishes">${say(language, 'prefs.wishes')}</h2>
<form method="post">${hidden('do', 'wishes')}
${wishFields(fields)}
<p><button type="submit">${say(language, 'prefs.wishes-press')}</button></p></form></section>`
}

function lists(app: App, { subscription, lists, list: here }: Preferences): Html {
  const { language } = subscription
  return html`<section aria-labelledby="lists"><h2 id="lists">${say(language, 'prefs.lists')}</h2>
<p class="small">${say(language, 'prefs.lists-text')}</p>
<form method="post">${hidden('do', 'lists')}
${lists.map(({ list, subscription: own }) => {
  const on = own?.state === 'active'
  const link = on && list.id !== here.id && `/preferences/${subscribers.tokens(app, own).preferences}`
  return html`<p class="row">${hidden('shown', list.slug)}<label><input type="checkbox" name="list" value="${list.slug}"${on && html` checked`}> <bdi>${list.title}</bdi></label>
${link && html`<a class="small" href="${link}">${say(language, 'prefs.settings')}</a>`}</p>`
})}
<p><button type="submit">${say(language, 'prefs.lists-press')}</button></p></form></section>`
}

function pausing(app: App, { subscription }: Preferences, { zone }: Seen): Html {
  const { language, paused_until } = subscription
  const paused = paused_until !== null && paused_until > instant(app.now())
  const today = app.now().toZonedDateTimeISO(zone).toPlainDate()
  return html`<section aria-labelledby="pause"><h2 id="pause">${say(language, 'prefs.pause')}</h2>
${
  paused
    ? press('resume', say(language, 'prefs.resume-press'), 'plain')
    : html`<p>${say(language, 'prefs.pause-text')}</p>
<form method="post" class="plain">${hidden('do', 'pause')}
<p><label for="until">${say(language, 'prefs.pause-until')}</label>
<input id="until" name="until" type="date" required min="${today.add({ days: 1 }).toString()}" max="${today.add({ days: 366 }).toString()}"></p>
<p><button type="submit">${say(language, 'prefs.pause-press')}</button></p></form>`
}</section>`
}

function data(app: App, { subscription }: Preferences): Html {
  const { language } = subscription
  const here = `/preferences/${subscribers.tokens(app, subscription).preferences}`
  return html`<section aria-labelledby="data"><h2 id="data">${say(language, 'prefs.data')}</h2>
<p>${say(language, 'prefs.data-text')}</p>
<p class="row"><a href="${here}/data" download="my-data.json">${say(language, 'prefs.data-link')}</a> <a href="${here}/erase">${say(language, 'prefs.erase-link')}</a></p></section>`
}

/** What erasing means, and the button behind a box to tick. */
export function erasePage(paper: Paper, language: string, address: string): Html {
  return frame(
    paper,
    language,
    '/preferences',
    say(language, 'prefs.erase-title'),
    html`<p class="which"><bdi dir="ltr">${address}</bdi></p><p class="standfirst">${say(language, 'prefs.erase-text')}</p>
<form method="post"><p><label><input type="checkbox" name="sure" value="yes" required> ${say(language, 'prefs.erase-check')}</label></p>
<p><button type="submit">${say(language, 'prefs.erase-press')}</button></p></form>`,
  )
}

export function erasedPage(paper: Paper, asked: string | undefined): Html {
  const language = spokenOr(asked) ?? paper.language
  return frame(
    paper,
    language,
    '/preferences',
    say(language, 'prefs.erased'),
    html`<p class="standfirst">${say(language, 'prefs.erased-text')}</p>${home(language)}`,
  )
}
