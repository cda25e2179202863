import { plain } from '../text.ts'
import { resolved } from './references.ts'

const IMG = /<img\b[^<>]{0,20000}>/gi
const ATTRIBUTE = /([a-z][\w-]{0,40})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))/gi
const LAZY = [
  'data-src',
  'data-lazy-src',
  'data-original',
  'data-orig-file',
  'data-srcset',
  'data-lazy-srcset',
  'srcset',
]
const PIXEL = /^https?:\/\/(?:pixel\.wp\.com|stats\.wordpress\.com|feeds\.feedburner\.com\/~r\/|www\.google-analytics\.com|b\.scorecardresearch\.com|[^/]{1,200}\/(?:pixel|spacer|blank|1x1)\.(?:gif|png)(?:$|\?))/i // biome-ignore format: one pattern

/** HTML whose pictures that are loaded late stand in `src`, and without pictures that only count. */
export function prepared(html: string): string {
  if (!/<img/i.test(html)) return html
  return html.replace(IMG, (tag) => {
    const found = new Map<string, string>()
    for (const [, name, double, single, bare] of tag.matchAll(ATTRIBUTE)) {
      const key = name!.toLowerCase()
      if (!found.has(key)) found.set(key, double ?? single ?? bare ?? '')
    }
    if (tiny(found.get('width')) || tiny(found.get('height')) || !fits(resolved(found.get('src') ?? ''))) return ''
    const src = found.get('src')
    if (src && !/^data:|^about:/i.test(src) && !found.has('data-src') && !found.has('data-lazy-src')) return tag
    const late = LAZY.map((name) => found.get(name)).find((value) => value && !/^data:/i.test(value))
    if (!late) return tag
    const address = late.trim().split(/\s/)[0]!.replace(/,$/, '')
    return tag
      .replace(/\ssrc\s{0,9}=\s{0,9}(?:"[^"]*"|'[^']*'|[^\s"'<>]+)/i, '')
      .replace(/^<img/i, `<img src="${address.replaceAll('"', '')}"`)
  })
}

function tiny(size: string | undefined): boolean {
  return /^\s*[01](?:px)?\s*$/.test(size ?? '')
}

/** Whether an address may be that of a picture to be seen. */
export function fits(url: string): boolean {
  return !PIXEL.test(url)
}

const CLEANED = /<img\b[^<>]*>/g

/** The first picture of a cleaned text. */
export function firstPicture(html: string): { url: string; alt: string } | undefined {
  const tag = html.match(/<img\b[^<>]*>/)?.[0]
  return tag ? { url: sourceOf(tag), alt: resolved(/\balt="([^"]*)"/.exec(tag)?.[1] ?? '') } : undefined
}

function sourceOf(tag: string): string {
  return resolved(/\bsrc="([^"]*)"/.exec(tag)?.[1] ?? '')
}

/** A cleaned text without this picture, in whatever size WordPress names it; its caption if it had one. */
export function withoutPicture(html: string, url: string): { html: string; caption?: string } {
  const wanted = sizeless(url)
  for (const match of html.matchAll(CLEANED)) {
    if (sizeless(sourceOf(match[0])) !== wanted) continue
    const [from, end] = [match.index, match.index + match[0].length]
    const figure = around(html, from, end)
    if (figure) {
      const inside = html.slice(figure[0], figure[1])
      const caption = /<figcaption[^<>]*>([\s\S]{1,2000}?)<\/figcaption>/.exec(inside)?.[1]
      return { html: html.slice(0, figure[0]) + html.slice(figure[1]), ...(caption && { caption: plain(caption) }) }
    }
    return { html: `${html.slice(0, from)}\u0000${html.slice(end)}`.replace(EMPTIED, '').replace('\u0000', '').trim() }
  }
  return { html }
}

const EMPTIED = /(?:<(?:p|div)(?: [^<>]{0,200})?>\s{0,99})?(?:<a [^<>]{0,2500}>)?\s{0,99}\u0000\s{0,99}(?:<\/a>)?(?:\s{0,99}(?:<br ?\/?>\s{0,9})*<\/(?:p|div)>)?/ // biome-ignore format: one pattern

/** The figure that holds it alone. */
function around(html: string, from: number, end: number): [number, number] | undefined {
  const start = html.lastIndexOf('<figure', from)
  if (start < 0 || html.slice(start, from).includes('</figure>')) return undefined
  const close = html.indexOf('</figure>', end)
  if (close < 0 || html.slice(start + 7, close).includes('<figure') || html.slice(end, close).includes('<img'))
    return undefined
  return [start, close + '</figure>'.length]
}

function sizeless(url: string): string {
  return url.replace(/-\d{2,4}x\d{2,4}(?=\.\w{2,5}(?:$|\?))/, '').replace(/^http:/, 'https:')
}
