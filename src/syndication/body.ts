import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import * as links from '../links.ts'
import { direction, say } from '../locale.ts'
import { clean, escaped, httpUrl, oneLine } from '../text.ts'
import type { Image } from './entry.ts'

const KEPT = 16_000_000 // letters of cleaned HTML kept at hand
const kept = new Map<string, string>()
let size = 0

/** A stored body, cleaned once more on its way out. */
function cleaned(html: string): string {
  return kept.get(html) ?? clean(html)
}

/** Remembers a body's cleaned form for a while: a new article then does not cost cleaning the old ones again. */
export function keep(html: string): void {
  if (kept.has(html)) return
  const result = clean(html)
  size += html.length + result.length
  kept.set(html, result)
  for (const [oldest, value] of kept) {
    if (size <= KEPT) break
    kept.delete(oldest)
    size -= oldest.length + value.length
  }
}

/** The whole article as HTML that stands alone: its picture, its text and where it comes from, in its direction. */
export function fullText(story: Story, image: Image | undefined, base: string): string {
  const body = articles.withKept(
    cleaned(story.body_html),
    story.pictures,
    (_, variant) => `src="${links.media(base, variant)}"`,
  )
  const credit = story.credit ? say(story.language, 'article.source', { credit: story.credit }) : ''
  const onward = httpUrl(articles.leadsTo(story) ?? '')
  const parts = [
    image && !body.includes(escaped(image.url)) && !body.includes(image.url) ? figure(image, story.language) : '',
    onward && story.excerpt ? `<p>${escaped(oneLine(story.excerpt))}</p>` : body,
    onward ? readOn(story, onward) : credit && `<p>${escaped(credit)}</p>`,
  ].filter(Boolean)
  return parts.length > 0 ? directed('div', story.language, parts.join('\n')) : ''
}

/** The way to a story whose text we have not. */
function readOn({ language, credit }: Story, url: string): string {
  const source = credit || new URL(url).host.replace(/^www\./, '')
  return `<p><a href="${escaped(url)}" rel="noopener">${escaped(say(language, 'article.read-on', { source }))}</a></p>`
}

/** HTML with its language and direction on its root, where readers that show it elsewhere still find them. */
export function directed(tag: 'div' | 'p' | 'bdi', language: string, html: string): string {
  return `<${tag} dir="${direction(language)}" lang="${escaped(language)}">${html}</${tag}>`
}

function figure({ url, width, height, alt, caption, credit }: Image, language: string): string {
  const size = width && height ? ` width="${width}" height="${height}"` : ''
  const words = [caption, credit && say(language, 'article.picture-credit', { credit })].filter(Boolean).join(' · ')
  return `<figure><img src="${escaped(url)}"${size} alt="${escaped(alt)}">${words && `<figcaption>${escaped(words)}</figcaption>`}</figure>`
}
