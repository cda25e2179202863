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

export function media(base: string, variant: Pick<Variant, 'file'>): string {
  return `${base}/m/${variant.file}`
}

/** An edition's public page. */
export function edition(base: string, digest: string, day: string): string {
  return `${base}/editions/${digest}/${day}`
}
