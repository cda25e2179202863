import { html } from 'hono/html'
import type { Permission } from '../../accounts/index.ts'
import * as accounts from '../../accounts/index.ts'
import { direction, type MessageKey, say, spoken } from '../../locale.ts'
import * as site from '../../site.ts'
import * as assets from '../assets.ts'
import type { Html } from '../pages.ts'
import { scripts } from './files.ts'
import { type Asking, formToken, type Visit } from './routes.ts'

/** The desk's rooms, in the order of its menu; a visitor sees those that he may enter. `everywhere`: a role for one list is not enough. */
const ROOMS: { path: string; name: MessageKey; allow: Permission; everywhere?: true }[] = [
  { path: '/admin', name: 'desk.dashboard', allow: 'desk.read' },
  { path: '/admin/articles', name: 'desk.articles', allow: 'article.read', everywhere: true },
  { path: '/admin/channels', name: 'desk.channels', allow: 'channel.read', everywhere: true },
  { path: '/admin/sources', name: 'desk.sources', allow: 'source.read', everywhere: true },
  { path: '/admin/lists', name: 'desk.lists', allow: 'list.read' },
  { path: '/admin/readers', name: 'desk.readers', allow: 'reader.read' },
  { path: '/admin/digests', name: 'desk.digests', allow: 'digest.read' },
  { path: '/admin/settings', name: 'desk.settings', allow: 'settings.read', everywhere: true },
  { path: '/admin/people', name: 'desk.people', allow: 'account.read', everywhere: true },
]

const NAMES: Record<string, string> = { ar: 'العربية', tr: 'Türkçe', en: 'English' }

/** A page of the desk, for who is signed in. */
export async function deskPage(visit: Visit, title: string, body: Html): Promise<Html> {
  const { language, account, roles, c } = visit
  const here = c.req.path
  const rooms = ROOMS.filter(({ allow, everywhere }) =>
    everywhere ? accounts.may(roles, allow) : accounts.listsOf(roles, allow).length > 0,
  )
  return frame(
    visit,
    title,
    html`<header class="desk-head">
<p class="desk-name"><a href="/admin">${(await site.show(visit.app, visit.app.read)).name}</a></p>
<nav aria-label="${say(language, 'desk.rooms')}"><ul>
${rooms.map((room) => html`<li><a href="${room.path}"${current(room.path, here) && html` aria-current="page"`}>${say(language, room.name)}</a></li>`)}
</ul></nav>
<div class="desk-self"><a href="/admin/me"${current('/admin/me', here) && html` aria-current="page"`}><bdi>${account.name || account.address}</bdi></a>
<form method="post" action="/admin/sign-out">${hidden(visit)}<button class="plain" type="submit">${say(language, 'desk.sign-out')}</button></form></div>
</header>
<main id="main" tabindex="-1">
<h1>${title}</h1>
${body}
</main>`,
  )
}

/** A page before the door: one form, in the language of one's choice. */
export async function doorPage(asking: Asking, title: string, body: Html): Promise<Html> {
  const { language, query, c } = asking
  const others = new URLSearchParams(query)
  return frame(
    asking,
    title,
    html`<main id="main" class="desk-door" tabindex="-1">
<p class="desk-name">${(await site.show(asking.app, asking.app.read)).name}</p>
<h1>${title}</h1>
${body}
<p class="tongues">${spoken
      .filter((one) => one !== language)
      .map((one) => {
        others.set('lang', one)
        return html`<a href="${c.req.path}?${others.toString()}" lang="${one}" hreflang="${one}">${NAMES[one] ?? one}</a> `
      })}</p>
</main>`,
  )
}

/** The hidden field that says a form is this session's. */
export function hidden(visit: Visit): Html {
  return html`<input type="hidden" name="t" value="${formToken(visit)}">`
}

async function frame({ app, language }: Asking, title: string, body: Html): Promise<Html> {
  const identity = await site.show(app, app.read)
  return html`<!doctype html>
<html lang="${language}" dir="${direction(language)}">
<head>
<meta charset="utf-8">
<title>${title} · ${identity.name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<meta name="htmx-config" content='{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false}'>
${assets.preloads(direction(language)).map((href) => html`<link rel="preload" href="${href}" as="font" type="font/woff2" crossorigin>`)}
<link rel="stylesheet" href="${assets.style(identity.accent)}">
<link rel="stylesheet" href="${assets.deskStyle}">
<link rel="icon" href="${assets.icon(identity.accent)}" type="image/svg+xml">
${scripts.map((src) => html`<script src="${src}" defer></script>`)}
</head>
<body class="desk">
<a class="skip" href="#main">${say(language, 'desk.skip')}</a>
${body}
</body>
</html>
`
}

/** A room's own pages are the room's, too. */
function current(path: string, here: string): boolean {
  return here === path || (path !== '/admin' && here.startsWith(`${path}/`))
}

/** The pages of a room, below its heading: `here` is the one that is shown. */
export function pagesOf(name: string, here: string, pages: readonly (readonly [path: string, words: string])[]): Html {
  return html`<nav aria-label="${name}"><ul class="sub">${pages.map(([path, words]) => html`<li><a href="${path}"${path === here && html` aria-current="page"`}>${words}</a></li>`)}</ul></nav>`
}
