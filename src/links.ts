import type { Article } from './articles/story.ts'
import type { Variant } from './media.ts'
import { slug } from './text.ts'

/*
 * Every absolute address we give away. `base` is NASHRA_URL: never what a request says about itself.
 * Paths come percent-encoded, as feeds and letters need them.
 */

/** An article's page; the id decides, the slug is decoration. */
export function article(base: string, story: Pick<Article, 'public_id' | 'title'>): string {
  const words = slug(story.title)
  return `${base}/a/${story.public_id}${words ? `/${encodeURIComponent(words)}` : ''}`
}

/** The short form, for letters. */
export function short(base: string, story: Pick<Article, 'public_id'>): string {
  return `${base}/r/${story.public_id}`
}

export function channel(base: string, slug: string): string {
  return `${base}/c/${slug}`
}

export function feed(base: string, slug: string, format: 'rss' | 'atom' | 'json'): string {
  return `${base}/feeds/${slug}.${format}`
}

/** What articles share: each shared thing has a page and feeds of its own. */
export type FacetKind = 'section' | 'tag' | 'author' | 'language'

/** The page of a facet; `key` is the name as it is compared (folded), a language its tag. */
export function facet(base: string, kind: FacetKind, key: string): string {
  return `${base}/${kind}/${encodeURIComponent(dashed(key))}`
}

export function facetFeed(base: string, kind: FacetKind, key: string, format: 'rss' | 'atom' | 'json'): string {
  return `${base}/feeds/${kind}/${encodeURIComponent(dashed(key))}.${format}`
}

/** What is found for these words. */
export function search(base: string, words: string): string {
  return `${base}/search?q=${encodeURIComponent(words)}`
}

export function searchFeed(base: string, words: string, format: 'rss' | 'atom' | 'json'): string {
  return `${base}/feeds/search.${format}?q=${encodeURIComponent(words)}`
}

/** A month of a channel, complete (RFC 5005); `month` is `yyyy-mm`. */
export function archive(base: string, slug: string, month: string): string {
  return `${base}/feeds/${slug}/${month}.atom`
}

/** A key as addresses spell it. */
export function dashed(key: string): string {
  return key.replaceAll(' ', '-')
}

export function media(base: string, variant: Pick<Variant, 'file'>): string {
  return `${base}/m/${variant.file}`
}

/** An edition's public page; `of` names the edition of another hour than the digest's own. */
export function edition(base: string, digest: string, day: string, of?: string): string {
  return `${base}/editions/${digest}/${day}${of ? `?edition=${of}` : ''}`
}

/** A digest's page: its editions. */
export function digest(base: string, slug: string): string {
  return `${base}/editions/${slug}`
}

/** The feed of a digest's editions. */
export function editionsFeed(base: string, digest: string, format: 'rss' | 'atom' | 'json'): string {
  return `${base}/feeds/editions/${digest}.${format}`
}

/** An address as people read it: letters instead of their bytes, and whatever has a meaning in addresses still encoded. */
export function readable(address: string): string {
  return address.replace(/(?:%[89a-f][0-9a-f])+/gi, decodeURIComponent)
}

/** Where one sees how far an edition is: whoever has the token may look. */
export function progress(base: string, edition: { public_id: string }, token: string): string {
  return `${base}/editions/${edition.public_id}/progress?token=${token}`
}
