import { html, raw } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Channel } from '../channels.ts'
import * as channels from '../channels.ts'
import * as links from '../links.ts'
import { direction, hijriDate, longDate, say, spoken } from '../locale.ts'
import { nearest, type Picture, pictures } from '../media.ts'
import type { Site } from '../site.ts'
import * as site from '../site.ts'
import * as assets from './assets.ts'

/** A piece of a page: everything put into it was escaped, or cleaned before. */
export type Html = ReturnType<typeof html>

/** What every page of the paper needs to know of it. */
export type Paper = {
  site: Site
  /** The language that the page's sentences speak: the paper's own, until `inLanguage` says otherwise. */
  language: string
  /** NASHRA_URL: what absolute links begin with. */
  base: string
  channels: Channel[]
  logo: Picture | null
  today: Temporal.PlainDate
  /** Whether there is a list that anybody may join. */
  signUp: boolean
}

/** A feed document that belongs to a page. */
export type Alternate = { type: string; title: string; href: string }

/** One page: `page({ ...(await paper(app)), title, path, body })`. */
export type Frame = Paper & {
  /** Without the paper's name, which is added; empty for the front page. */
  title: string
  description?: string
  /** The path that is this page's only true one, from `/` on; readable, not percent-encoded. */
  path: string
  robots?: string
  alternates?: Alternate[]
  picture?: Picture | null
  /** What OpenGraph calls it; `website` where it is not given. */
  kind?: 'article' | 'website'
  body: Html
}

/** Reads what every page shows of the paper. */
export async function paper(app: App): Promise<Paper> {
  const identity = await site.show(app, app.read)
  const logos = await pictures(app.read, identity.logo_id === null ? [] : [identity.logo_id])
  const list = await app.read
    .selectFrom('list')
    .select('id')
    .where('visibility', '=', 'public')
    .limit(1)
    .executeTakeFirst()
  return {
    site: identity,
    language: identity.language,
    base: app.config.url,
    channels: await channels.all(app.read),
    logo: [...logos.values()][0] ?? null,
    today: site.today(identity, instant(app.now())),
    signUp: list !== undefined,
  }
}

/** The paper for a page about something in this language: it speaks that language where we know it. */
export function inLanguage(paper: Paper, language: string | null): Paper {
  return language && spoken.includes(language.split('-')[0]!) ? { ...paper, language } : paper
}

/** A whole page in the paper's frame. */
export function page(frame: Frame): Html {
  const { language } = frame
  return html`<!doctype html>
<html lang="${language}" dir="${direction(language)}">
${head(frame)}
<body>
<a class="skip" href="#main">${say(language, 'page.skip')}</a>
${masthead(frame)}
<main id="main" tabindex="-1">
${frame.body}
</main>
${footer(frame)}
</body>
</html>
`
}

/** The address of a site-relative path, as others must write it. */
function absolute(base: string, path: string): string {
  return base + encodeURI(path)
}

/** The paper's sections: the channels that have a name, but for those that are a whole language. */
export function sections(paper: Paper): Channel[] {
  return paper.channels.filter((channel) => channel.title !== '' && !isTongue(channel))
}

/** The channels that are all there is in a language. */
function tongues(paper: Paper): Channel[] {
  return paper.channels.filter((channel) => channel.title !== '' && isTongue(channel))
}

function isTongue(channel: Channel): boolean {
  return Object.keys(channels.filterOf(channel)).join() === 'language'
}

/** What a channel is called; `all` is all the news. */
export function titleOf(channel: Channel, language: string): string {
  return channel.title || say(language, 'page.all-news')
}

/** The three feed documents of a channel. */
export function feedsOf(base: string, channel: string, title: string): Alternate[] {
  return [
    { type: 'application/rss+xml', title: `${title} (RSS)`, href: links.feed(base, channel, 'rss') },
    { type: 'application/atom+xml', title: `${title} (Atom)`, href: links.feed(base, channel, 'atom') },
    { type: 'application/feed+json', title: `${title} (JSON Feed)`, href: links.feed(base, channel, 'json') },
  ]
}

function head(frame: Frame): Html {
  const { site, base } = frame
  const title = frame.title ? `${frame.title} · ${site.name}` : [site.name, site.tagline].filter(Boolean).join(' · ')
  const description = frame.description || site.tagline
  const address = absolute(base, frame.path)
  const alternates = [...(frame.alternates ?? []), ...feedsOf(base, 'all', site.name)]
  const picture = frame.picture ? nearest(frame.picture, 1200) : undefined
  return html`<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${description && html`<meta name="description" content="${description}">`}
${frame.robots && html`<meta name="robots" content="${frame.robots}">`}
${assets.preloads(direction(frame.language)).map((href) => html`<link rel="preload" href="${href}" as="font" type="font/woff2" crossorigin>`)}
<link rel="stylesheet" href="${assets.style(site.accent)}">
<link rel="icon" href="${assets.icon(site.accent)}" type="image/svg+xml">
<link rel="canonical" href="${address}">
${alternates.map(({ type, title, href }) => html`<link rel="alternate" type="${type}" title="${title}" href="${href}">`)}
<meta property="og:site_name" content="${site.name}">
<meta property="og:type" content="${frame.kind ?? 'website'}">
<meta property="og:title" content="${frame.title || site.name}">
<meta property="og:url" content="${address}">
${description && html`<meta property="og:description" content="${description}">`}
${
  picture &&
  html`<meta property="og:image" content="${links.media(base, picture)}">
<meta property="og:image:width" content="${picture.width}">
<meta property="og:image:height" content="${picture.height}">
<meta name="twitter:card" content="summary_large_image">`
}
</head>`
}

function masthead(frame: Frame): Html {
  const { site, language, today, path } = frame
  const tabs = [...sections(frame), ...tongues(frame)]
  const name = html`<a class="name" href="/" dir="auto">${frame.logo ? logo(frame.logo, site.name) : site.name}</a>`
  return html`<header class="masthead">
<div class="dateline">
<p><time datetime="${today.toString()}">${longDate(today, language)}</time>${
    language.startsWith('ar') && html` <span class="hijri">${hijriDate(today, language)}</span>`
  }</p>
${frame.signUp && html`<a href="/subscribe">${say(language, 'page.sign-up')}</a>`}
</div>
<div class="title">
${path === '/' ? html`<h1>${name}</h1>` : html`<p>${name}</p>`}
${site.tagline && html`<p class="tagline" dir="auto">${site.tagline}</p>`}
</div>
${
  tabs.length > 0 &&
  html`<nav class="sections" aria-label="${say(language, 'page.sections')}"><ul>
${tabs.map((channel) => html`<li>${channelLink(channel, language, path)}</li>`)}
</ul></nav>`
}
</header>`
}

function logo(picture: Picture, name: string): Html {
  const { file, width, height } = nearest(picture, 640)
  return html`<img src="/m/${file}" width="${width}" height="${height}" alt="${name}">`
}

function channelLink(channel: Channel, language: string, path: string): Html {
  const here = path === `/c/${channel.slug}` || path.startsWith(`/c/${channel.slug}/`)
  return html`<a href="/c/${channel.slug}"${here && html` aria-current="page"`}${foreign(channel.language, language)}>${channel.title}</a>`
}

/** A newsroom's words between two tags, their quotes left as they were typed; never for an attribute. */
export function typed(words: string): Html {
  return raw(words.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`))
}

/** `lang` and `dir` for what is not in the language around it; nothing where it is. */
export function foreign(language: string | null, around: string): Html | '' {
  if (language === null || language === around) return ''
  return html` lang="${language}" dir="${direction(language)}"`
}

function footer(frame: Frame): Html {
  const { site, language } = frame
  return html`<footer class="imprint">
<div class="columns">
<div>
<p class="name"><bdi>${site.name}</bdi></p>
${site.tagline && html`<p><bdi>${site.tagline}</bdi></p>`}
${site.postal_address && html`<address><bdi>${site.postal_address}</bdi></address>`}
</div>
${list(say(language, 'page.sections'), sections(frame), language)}
${list(say(language, 'page.languages'), tongues(frame), language)}
<div>
<h2>${say(language, 'page.reader')}</h2>
<ul>
<li><a href="/">${say(language, 'page.home')}</a></li>
${frame.signUp && html`<li><a href="/subscribe">${say(language, 'page.sign-up')}</a></li>`}
<li><a href="/editions">${say(language, 'page.editions')}</a></li>
</ul>
</div>
<div class="wide">
<h2><a href="/feeds">${say(language, 'page.feeds')}</a></h2>
<p>${say(language, 'page.feeds-text')}</p>
</div>
</div>
</footer>`
}

function list(title: string, channels: Channel[], language: string): Html | '' {
  if (channels.length === 0) return ''
  return html`<div><h2>${title}</h2><ul>
${channels.map((channel) => html`<li>${channelLink(channel, language, '')}</li>`)}
</ul></div>`
}
