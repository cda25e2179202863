import { createHash } from 'node:crypto'
import type { Instant } from '../../db/instant.ts'
import { clean, httpUrl, oneLine, plain, wellFormed } from '../text.ts'
import { bounded } from './bounds.ts'
import { readDate, type Understood } from './dates.ts'
import type { Item, Notes, Origin } from './item.ts'
import { firstPicture, fits, prepared, withoutPicture } from './pictures.ts'
import { isArabic, line, names, shortened, tongue } from './words.ts'

/** A picture as its source names it, the address still as written. */
export type Picture = { url: string; alt?: string; caption?: string; credit?: string; width?: number }

/** An entry in the words of no format: texts as their source has them, HTML not yet cleaned. */
export type Entry = {
  ids: (string | undefined)[]
  links: (string | undefined)[]
  /** What relative addresses are read against. */
  base: string
  title: string
  html: string
  /** HTML. */
  summary?: string | undefined
  published: (string | undefined)[]
  updated: (string | undefined)[]
  authors: string[]
  tags: string[]
  pictures: Picture[]
  language?: string | undefined
}

/** What all entries of a document share. */
export type Common = { origin: Origin; language?: string | undefined; authors: string[]; notes: Notes }

const LONGEST_TITLE = 500
const LONGEST_BODY = 300_000
const LONGEST_SUMMARY = 5000
const LONGEST_GUID = 2000 // bytes: what indexes of databases hold
const MOST_TAGS = 50
const MOST_AUTHORS = 20
const WORDS = 12 // of the text, where there is no title

/** An entry as an item: cleaned, checked, cut to what is bearable. Undefined if there is nothing in it. */
export function toItem(entry: Entry, common: Common): Item | undefined {
  const { origin, notes } = common
  const link = firstLink(entry)
  const base = link ?? entry.base
  const body = bodyOf(entry.html, base, notes)
  const text = body ? () => plain(body) : () => ''
  const title = shortened(line(entry.title), LONGEST_TITLE) || firstWords(text())
  if (!title) return undefined
  const image = pictureOf(entry, body)
  const html = image ? withoutPicture(body, image.url) : { html: body }
  const published = dateOf([...entry.published, ...entry.updated], common)
  const updated = dateOf(entry.updated, common)
  const summary = summaryOf(entry, text)
  const language = languageOf(entry, common, title + body.slice(0, 2000).replace(/<[^<>]*>/g, ''))
  return {
    guid: guidOf(entry, title, body),
    ...(link && { link }),
    title,
    html: unwrapped(html.html, language ?? origin.language),
    ...(summary && { summary }),
    ...(published !== undefined && { published_at: published }),
    ...(updated !== undefined && (published === undefined || updated > published) && { updated_at: updated }),
    authors: names(entry.authors.length > 0 ? entry.authors : common.authors, MOST_AUTHORS),
    tags: names(entry.tags, MOST_TAGS),
    ...(image && { image: { ...image, ...(html.caption && !image.caption && { caption: html.caption }) } }),
    ...(language && language !== origin.language && { language }),
  }
}

function firstLink({ links, base }: Entry): string | undefined {
  for (const link of links) {
    const url = link?.trim() && httpUrl(link, base)
    if (url) return url
  }
  return undefined
}

/** Byte for byte as the source wrote it, but for what no database holds; what is too long for an index as its hash. */
function guidOf({ ids, links }: Entry, title: string, body: string): string {
  const id = [...ids, ...links]
    .map((one) =>
      wellFormed(one ?? '')
        .replace(/\p{Cc}/gu, '')
        .trim(),
    )
    .find(Boolean)
  if (!id) return `sha256:${hashed(`${title}\n${body}`)}`
  return Buffer.byteLength(id) <= LONGEST_GUID ? id : `sha256:${hashed(id)}`
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The text, harmless; one that is too long ends behind a block. */
function bodyOf(raw: string, base: string, notes: Notes): string {
  const bearable = bounded(raw)
  if (bearable.length < raw.length) drop(notes, 'the rest of a text that is too long or has too many tags')
  const html = clean(prepared(bearable), base)
  if (html.length <= LONGEST_BODY) return html
  const start = html.slice(0, LONGEST_BODY)
  const end = Math.max(...['</p>', '</figure>', '</ul>', '</ol>', '</blockquote>', '</div>', '</table>'].map((tag) => start.lastIndexOf(tag) + tag.length)) // biome-ignore format: one line
  drop(notes, 'the rest of a text beyond 300,000 letters')
  return clean(end > LONGEST_BODY / 2 ? start.slice(0, end) : start.slice(0, start.lastIndexOf('<'))).slice(
    0,
    LONGEST_BODY + 2000,
  )
}

const WRAPPER = /^<div(?: dir="(?:rtl|ltr|auto)"| lang="([\w-]{2,40})"){1,2}>/

/** Without the one element around it all that only says its language and direction: that is said beside it. */
function unwrapped(html: string, language: string | undefined): string {
  const wrapper = WRAPPER.exec(html)
  if (!wrapper || (wrapper[1] && tongue(wrapper[1]) !== language)) return html
  let open = 0
  for (const { 0: tag, index } of html.matchAll(/<(\/?)div\b/g)) {
    open += tag === '<div' ? 1 : -1
    if (open === 0) return index + '</div>'.length === html.length ? html.slice(wrapper[0].length, index).trim() : html
  }
  return html
}

function firstWords(text: string): string {
  const words = text.split(/\s+/, WORDS + 1).filter(Boolean)
  return shortened(oneLine(words.slice(0, WORDS).join(' ')) + (words.length > WORDS ? '…' : ''), LONGEST_TITLE)
}

function summaryOf({ summary, html }: Entry, text: () => string): string {
  if (!summary || summary === html) return ''
  const said = plain(clean(summary.slice(0, LONGEST_SUMMARY * 4)))
    .replace(/\s+/g, ' ')
    .trim()
  return said && said !== text().replace(/\s+/g, ' ').trim() ? shortened(oneLine(said), LONGEST_SUMMARY) : ''
}

const SAMPLES = 5

/** The first of them that can be believed; the first few of a document are noted. */
function dateOf(raws: (string | undefined)[], { origin, notes }: Common): Instant | undefined {
  let at: Instant | undefined
  for (const raw of raws) {
    if (!raw?.trim()) continue
    const date = readDate(raw, origin)
    note(notes, raw, date)
    at = date.at
    if (at !== undefined) break
  }
  return at
}

/** A few of those that were understood, and a few of those that were not, each way once. */
function note(notes: Notes, raw: string, { at, how }: Understood): void {
  const same = notes.dates.filter((one) => (one.at === undefined) === (at === undefined))
  if (same.length >= SAMPLES || same.some((one) => one.how === how)) return
  notes.dates.push({ raw: oneLine(raw).slice(0, 80), ...(at !== undefined && { at: new Date(at).toISOString() }), how })
}

function pictureOf({ pictures, base }: Entry, body: string): Item['image'] {
  const named = pictures.toSorted((a, b) => (b.width ?? 0) - (a.width ?? 0))
  for (const { url, alt, caption, credit } of named) {
    const absolute = httpUrl(url, base)
    if (!absolute || !fits(absolute)) continue
    const words = { alt, caption: caption === alt ? undefined : caption, credit }
    return { url: absolute, ...described(words) }
  }
  const first = firstPicture(body)
  return first && { url: first.url, ...described({ alt: first.alt }) }
}

function described(words: Record<string, string | undefined>): Partial<Record<'alt' | 'caption' | 'credit', string>> {
  return Object.fromEntries(
    Object.entries(words)
      .map(([key, value]) => [key, value ? shortened(line(value), LONGEST_TITLE) : ''])
      .filter(([, value]) => value),
  )
}

/** The entry's own language; the feed's only where the editor set none, and neither if the letters speak against it. */
function languageOf(entry: Entry, { language, origin, notes }: Common, text: string): string | undefined {
  const said = tongue(entry.language) ?? (origin.language ? undefined : tongue(language))
  if (!said || isArabic(text) === undefined) return said
  const written = new Intl.Locale(said).maximize().script
  if ((written === 'Arab') === isArabic(text)) return said
  if (!['Arab', 'Latn'].includes(written ?? '')) return said
  const note = `entries that say their language is ${said} and are written in other letters`
  if (!notes.mended.includes(note)) notes.mended.push(note)
  return undefined
}

/** Counts what could not be used. */
export function drop(notes: Notes, reason: string, n = 1): void {
  const known = notes.dropped.find((one) => one.reason === reason)
  if (known) known.n += n
  else if (notes.dropped.length < 20) notes.dropped.push({ reason, n })
}
