import { createRequire } from 'node:module'
import type { compile } from 'html-to-text'
import type sanitize from 'sanitize-html'
import { folded, INVISIBLE } from '../db/folding.ts'
import { split, withoutArticle } from '../db/words.ts'

const FORBIDDEN =
  /[^\t\n\r\u0020-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]|[\u007f-\u0084\u0086-\u009f\u{fdd0}-\u{fdef}]/gu // XML 1.0 §2.2
const SUSPECT = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd]/ // also finds pairs that are right: four times as fast
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g
const SEPARATOR = /[،؛,;:٬\-–—(«“‘/]/u
const UNSPACED = /^(zh|ja|th|lo|km|my)\b/

/** Without what XML 1.0 and PostgreSQL cannot hold: control characters, lone surrogates, noncharacters. */
export function wellFormed(text: string): string {
  return SUSPECT.test(text) ? text.replace(FORBIDDEN, '') : text
}

/** A title, a name: one line of plain text, without overrides that would turn what follows it around. Nothing is "repaired". */
export function oneLine(text: string): string {
  return wellFormed(text)
    .replace(OVERRIDES, '')
    .replace(/[\t\n\r\u2028\u2029]+/g, ' ')
    .trim()
}

/** As a terminal may show it: one line without anything that it would take for an order. */
export function printable(text: string): string {
  return oneLine(text).replace(/\p{Cc}/gu, '')
}

/**
 * The first words of a text with `…` glued on; the whole text if it has no more than that.
 *
 * Words are what white space separates (`Intl.Segmenter` for scripts without spaces), so no grapheme is cut. A separator
 * or a lone «و» at the cut is dropped, a full stop stays.
 */
export function excerpt(text: string, language: string, words = 15): string {
  if (UNSPACED.test(language)) return unspacedExcerpt(text, language, words)
  const all = text.split(/\s+/).filter(Boolean)
  if (all.length <= words) return all.join(' ')
  const kept = all.slice(0, words)
  if (kept.length > 1 && kept.at(-1) === 'و') kept.pop()
  return `${withoutSeparator(kept.join(' '))}…`
}

function withoutSeparator(text: string): string {
  let end = text.length
  while (end > 0 && SEPARATOR.test(text[end - 1]!)) end--
  return end === text.length ? text : text.slice(0, end).trimEnd()
}

function unspacedExcerpt(text: string, language: string, words: number): string {
  const whole = text.replace(/\s+/g, ' ').trim()
  let left = words * 2 // such a script's words are shorter: twice as many say as much
  for (const segment of new Intl.Segmenter(language, { granularity: 'word' }).segment(whole)) {
    if (segment.isWordLike && left-- === 0)
      return `${whole.slice(0, segment.index).replace(/[\s、,，;；:：(（「]+$/u, '')}…`
  }
  return whole
}

/** What search compares: one spelling for all that readers of Arabic, Turkish and Latin scripts take for the same. */
export function fold(text: string): string {
  return folded(wellFormed(text))
}

/** The words to look for, at most eight: folded, and without what an Arabic article glues to them. */
export function searchWords(query: string): string[] {
  return [...new Set(split(fold(query)).map(withoutArticle))].slice(0, 8)
}

/** Decoration for a URL: at most 60 letters, cut at a word, any script. */
export function slug(title: string): string {
  const words =
    title
      .normalize('NFC')
      .replace(INVISIBLE, '')
      .replaceAll('İ', 'i') // whose small letter is an i with a dot of its own
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  let slug = ''
  let letters = 0
  for (const word of words) {
    letters += [...word].length + (slug ? 1 : 0)
    if (letters > 60) break
    slug += slug ? `-${word}` : word
  }
  return slug || [...(words[0] ?? '')].slice(0, 60).join('')
}

const SINGLE = { leadingLineBreaks: 1, trailingLineBreaks: 1 }

// Both are loaded with the first HTML: what only sends letters does without their 10 MB.
const load = createRequire(import.meta.url)
let toText: ReturnType<typeof compile> | undefined
let toHarmless: typeof sanitize | undefined

/** The text of some HTML, paragraphs separated by blank lines, without link targets and pictures. */
export function plain(html: string): string {
  toText ??= (load('html-to-text') as { compile: typeof compile }).compile(TEXT)
  return toText(html)
}

const TEXT: Parameters<typeof compile>[0] = {
  wordwrap: false,
  limits: { maxInputLength: 2_000_000, maxDepth: 200 },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    { selector: 'figcaption', format: 'skip' },
    ...['ul', 'ol'].map((selector) => ({ selector, format: 'block' })),
    { selector: 'li', format: 'block', options: SINGLE },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    { selector: 'table', format: 'block' },
    ...['td', 'th', 'dt', 'dd', 'caption'].map((selector) => ({ selector, format: 'block', options: SINGLE })),
  ],
}

const BLOCK = /<(p|div|h[1-6]|ul|ol|blockquote|figure|table|pre|section|article)[\s>]/i

/**
 * Foreign HTML made harmless: a small allow-list of tags, links only to http(s) and mailto, images only by http(s).
 * Relative addresses are read against `base`, or dropped without one. Text without any block becomes paragraphs.
 */
export function clean(html: string, base?: string): string {
  const harmless = sanitized(wellFormed(html), base)
  return BLOCK.test(harmless) ? harmless : sanitized(paragraphs(harmless), base)
}

function sanitized(html: string, base?: string): string {
  toHarmless ??= load('sanitize-html') as typeof sanitize
  return toHarmless(html, {
    allowedTags: [
      'p', 'div', 'br', 'hr', 'h2', 'h3', 'h4', 'ul', 'ol', 'li', 'blockquote', 'strong', 'b', 'em', 'i', 'u', 's', 'sub', 'sup', 'code', 'pre', 'a',
      'img', 'figure', 'figcaption', 'dl', 'dt', 'dd', 'table', 'caption', 'thead', 'tbody', 'tr', 'th', 'td', 'bdi', 'time', 'abbr', 'cite', 'q', 'small', 'mark',
    ], // biome-ignore format: one list
    allowedAttributes: {
      '*': ['lang', 'dir'],
      a: ['href', 'title'],
      img: ['src', 'alt', 'title', 'width', 'height'],
      td: ['colspan', 'rowspan'],
      th: ['colspan', 'rowspan', 'scope'],
      time: ['datetime'],
    },
    allowedSchemes: ['http', 'https', 'mailto'],
    allowedSchemesByTag: { img: ['http', 'https'] },
    allowProtocolRelative: false,
    nonTextTags: [
      'script',
      'style',
      'textarea',
      'option',
      'noscript',
      'svg',
      'math',
      'template',
      'title',
      'iframe',
      'object',
    ],
    nestingLimit: 100,
    transformTags: {
      h1: 'h2',
      a: (tagName, { href, ...rest }) => ({ tagName, attribs: { ...rest, ...(href && absolute(href, base)) } }),
      img: (tagName, { src, ...rest }) => ({
        tagName,
        attribs: { alt: '', ...rest, ...(src && renamed(absolute(src, base))) },
      }),
    },
    exclusiveFilter: (frame) =>
      frame.tag === 'img'
        ? !frame.attribs['src']
        : frame.tag === 'p' && !frame.text.trim() && frame.mediaChildren.length === 0,
  })
}

/** An address as an absolute http(s) URL; undefined for everything else. */
export function httpUrl(value: string, base?: string): string | undefined {
  const trimmed = wellFormed(value).trim()
  if (!URL.canParse(trimmed, base) || trimmed.length > 2000) return undefined
  const url = new URL(trimmed, base)
  return /^https?:$/.test(url.protocol) && !url.username && !url.password ? url.href : undefined
}

function absolute(href: string, base?: string): { href: string } | undefined {
  if (/^\s*mailto:[^\s<>"]+$/i.test(href)) return { href: href.trim() }
  const url = httpUrl(href, base)
  return url ? { href: url } : undefined
}

function renamed(link: { href: string } | undefined): { src: string } | undefined {
  return link && { src: link.href }
}

function paragraphs(text: string): string {
  return text
    .split(/\r?\n\s*\r?\n/)
    .filter((paragraph) => paragraph.trim())
    .map((paragraph) => `<p>${paragraph.trim()}</p>`)
    .join('\n')
}

/** Text as it must stand in HTML and XML, between tags or in an attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
