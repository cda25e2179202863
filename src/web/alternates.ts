import { html } from 'hono/html'
import type * as links from '../links.ts'
import type { Html } from './pages.ts'

type Format = Parameters<typeof links.feed>[2]

/** Where the three documents of a feed lie: absolute with a base, on this site without one. */
export type FeedAddress = (base: string, format: Format) => string

/** A feed document that belongs to a page. */
export type Alternate = { type: string; title: string; href: string }

const FORMATS = [
  ['rss', 'RSS', 'application/rss+xml'],
  ['atom', 'Atom', 'application/atom+xml'],
  ['json', 'JSON Feed', 'application/feed+json'],
] as const

/** What a page's head says to feed readers. */
export function alternates(base: string, title: string, address: FeedAddress): Alternate[] {
  return FORMATS.map(([format, name, type]) => ({ type, title: `${title} (${name})`, href: address(base, format) }))
}

/** Links for people to the three documents. */
export function feedLinks(address: FeedAddress): Html {
  return html`<span class="feeds">${FORMATS.map(([format, name]) => html`<a href="${address('', format)}" lang="en" dir="ltr">${name}</a> `)}</span>`
}
