import { html, raw } from 'hono/html'
import type { Story } from '../articles/index.ts'
import * as links from '../links.ts'
import { direction, isLanguage } from '../locale.ts'
import { nearest } from '../media.ts'
import { alternates } from './alternates.ts'
import * as assets from './assets.ts'
import type { Frame, Html } from './pages.ts'
import { embedded } from './structured.ts'

/** What a page says to browsers, feed readers, search engines and those who are sent a link to it. */
export function head(frame: Frame): Html {
  const { site, base } = frame
  const title = frame.title ? `${frame.title} · ${site.name}` : [site.name, site.tagline].filter(Boolean).join(' · ')
  const description = frame.description || site.tagline
  const address = frame.path === undefined ? undefined : base + new URL(frame.path, 'http://here').pathname
  const feeds = [
    ...(frame.alternates ?? []),
    ...alternates(base, site.name, (from, format) => links.feed(from, 'all', format)),
  ]
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
${address && html`<link rel="canonical" href="${frame.original ?? address}">`}
${feeds.map(({ type, title, href }) => html`<link rel="alternate" type="${type}" title="${title}" href="${href}">`)}
${shared(frame, address, description)}
${frame.data && html`<script type="application/ld+json">${raw(embedded(frame.data))}</script>`}
</head>`
}

/** What a link to the page looks like where it is shared (OpenGraph). */
function shared(frame: Frame, address: string | undefined, description: string): Html {
  const { site, base, story } = frame
  const picture = frame.picture ? nearest(frame.picture, 1200) : undefined
  return html`<meta property="og:site_name" content="${site.name}">
<meta property="og:locale" content="${territory(story?.language ?? frame.language)}">
<meta property="og:type" content="${story ? 'article' : 'website'}">
<meta property="og:title" content="${frame.title || site.name}">
${address && html`<meta property="og:url" content="${address}">`}
${description && html`<meta property="og:description" content="${description}">`}
${story && told(story)}
${
  picture &&
  html`<meta property="og:image" content="${links.media(base, picture)}">
<meta property="og:image:width" content="${picture.width}">
<meta property="og:image:height" content="${picture.height}">
${story?.image_alt && html`<meta property="og:image:alt" content="${story.image_alt}">`}`
}
<meta name="twitter:card" content="${picture ? 'summary_large_image' : 'summary'}">`
}

function told(story: Story): Html {
  const facts = [
    ['published_time', new Date(story.published_at).toISOString()],
    ['modified_time', new Date(story.updated_at).toISOString()],
    ...(story.section ? [['section', story.section]] : []),
    ...story.tags.map((tag) => ['tag', tag]),
  ]
  return html`${facts.map(([name, value]) => html`<meta property="article:${name}" content="${value}">\n`)}`
}

/** `ar_AR`, `tr_TR`, `en_GB`: OpenGraph wants a territory. Arabic without one is `ar_AR` there. */
function territory(tag: string): string {
  const { language, region } = new Intl.Locale(isLanguage(tag) ? tag : 'en')
  return `${language}_${region ?? (language === 'ar' ? 'AR' : new Intl.Locale(language).maximize().region)}`
}
