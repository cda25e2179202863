import { html, raw } from 'hono/html'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import type { Channel } from '../channels.ts'
import * as channels from '../channels.ts'
import { legibleOn } from '../ink.ts'
import { direction, hijriDate, longDate, say, spoken } from '../locale.ts'
import { nearest, type Picture, pictures } from '../media.ts'
import type { Site } from '../site.ts'
import * as site from '../site.ts'
import type { Alternate } from './alternates.ts'
import { NIGHT } from './assets.ts'
import { head } from './head.ts'
import { searchForm } from './search-form.ts'
import type { Data } from './structured.ts'

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
  logo: (Picture & { legible: boolean }) | null
  today: Temporal.PlainDate
  /** Whether there is a list that anybody may join. */
  signUp: boolean
}

/** One page: `page({ ...(await paper(app)), title, path, body })`. */
export type Frame = Paper & {
  /** Without the paper's name, which is added; empty for the front page. */
  title: string
  description?: string
  /** The path that is this page's only true one, from `/` on; readable or percent-encoded. What is no page (an error) has none. */
  path?: string
  /** Where what the page shows stands at its source, which search engines are to name instead. */
  original?: string
  robots?: string
  alternates?: Alternate[]
  picture?: Picture | null
  /** The story that the page is. */
  story?: Story
  /** What the page says to machines, in schema.org's words. */
  data?: Data
  body: Html
}

/** Reads what every page shows of the paper. */
export async function paper(app: App): Promise<Paper> {
  const identity = await site.show(app, app.read)
  const logos = await pictures(app.read, identity.logo_id === null ? [] : [identity.logo_id])
  const [logo] = logos.values()
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
    logo: logo ? { ...logo, legible: await legibleOn(app, logo, NIGHT) } : null,
    today: site.today(identity, instant(app.now())),
    signUp: list !== undefined,
  }
}

/** The paper for a page about something in this language: it speaks that language where we know it. */
export function inLanguage(paper: Paper, language: string | null): Paper {
  return language && spoken.includes(primary(language)) ? { ...paper, language } : paper
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

/** A language without its region. */
export function primary(language: string): string {
  return language.split('-')[0]!
}

/** What a channel is called; `all` is all the news. */
export function titleOf(channel: Channel, language: string): string {
  return channel.title || say(language, 'page.all-news')
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
${path !== '/search' && searchForm(language)}
</div>
<div class="title">
${path === '/' ? html`<h1>${name}</h1>` : html`<p>${name}</p>`}
${site.tagline && html`<p class="tagline" dir="auto">${site.tagline}</p>`}
</div>
${
  tabs.length > 0 &&
  html`<nav class="sections" aria-label="${say(language, 'page.sections')}"><ul>
${tabs.map((channel) => html`<li>${channelLink(channel, language, path ?? '')}</li>`)}
</ul></nav>`
}
</header>`
}

function logo(picture: NonNullable<Paper['logo']>, name: string): Html {
  const { file, width, height } = nearest(picture, 640)
  return html`<img src="/m/${file}"${!picture.legible && html` class="plate"`} width="${width}" height="${height}" alt="${name}">`
}

function channelLink(channel: Channel, language: string, path: string): Html {
  const here = path === `/c/${channel.slug}` || path.startsWith(`/c/${channel.slug}/`)
  return html`<a href="/c/${channel.slug}"${here && html` aria-current="page"`}${tongue(channel, language)}>${channel.title}</a>`
}

function tongue({ language }: Channel, around: string): Html | '' {
  const other = foreign(language, around)
  return other && html`${other} hreflang="${language}"`
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
  const { site: paperSite, language } = frame
  return html`<footer class="imprint">
<div class="columns">
<div>
<p class="name"><bdi>${paperSite.name}</bdi></p>
${paperSite.tagline && html`<p><bdi>${paperSite.tagline}</bdi></p>`}
${paperSite.postal_address && html`<address><bdi>${paperSite.postal_address}</bdi></address>`}
</div>
${list(say(language, 'page.sections'), sections(frame), language)}
${list(say(language, 'page.languages'), tongues(frame), language)}
<div>
<h2>${say(language, 'page.reader')}</h2>
<ul>
<li><a href="/">${say(language, 'page.home')}</a></li>
${frame.signUp && html`<li><a href="/subscribe">${say(language, 'page.sign-up')}</a></li>`}
<li><a href="/editions">${say(language, 'page.editions')}</a></li>
${site.standingPages.filter((name) => paperSite[name] !== '').map((name) => html`<li><a href="/${name}">${say(language, `standing.${name}`)}</a></li>`)}
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
