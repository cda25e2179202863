import type { Instant } from '../../db/instant.ts'
import type { Item, Origin } from '../reading/index.ts'
import { clean, excerpt, httpUrl, oneLine, plain } from '../text.ts'
import { instantIn, listIn, numberIn, textIn, within } from './json.ts'

const LONGEST_TEXT = 1_000_000 // letters of a body as it comes, and of what is left of it
const LONGEST_HTML = 300_000
const LONGEST_LINE = 2000
const LONGEST_GUID = 1000
const MOST_NAMES = 50
const NO_SECTION = /^(?:uncategori[sz]ed|غير مصن[ّ]?ف(?:ة)?|kategorisiz|sans catégorie)$/iu
const CUT_OFF = /(?:…|\.\.\.|\[\s*(?:…|\.\.\.)\s*\])\s*$/ // how WordPress ends an excerpt that it made itself
const PRIMARY = ['_yoast_wpseo_primary_category', 'rank_math_primary_category']

/** One post of the REST API, with what it embeds, as an item; or why it cannot be one. Its shape is believed nowhere. */
export function readItem(
  number: number,
  post: unknown,
  origin: Origin,
): { guid: string } & ({ item: Item } | { skipped: string }) {
  const guid = guidOf(number, post, origin)
  const content = textIn(post, 'content', 'rendered')
  if (within(post, 'content', 'protected') === true) return { guid, skipped: 'it asks for a password' }
  if (content.length > LONGEST_TEXT) return { guid, skipped: `its text has more than ${LONGEST_TEXT} letters` }
  const address = textIn(post, 'link')
  const link = address ? httpUrl(address, origin.url) : undefined
  const html = clean(content, link ?? origin.url)
  if (html.length > LONGEST_HTML) return { guid, skipped: `its text has more than ${LONGEST_HTML} letters` }
  const title = line(textIn(post, 'title', 'rendered')) || excerpt(plain(html), origin.language ?? 'ar', 10)
  if (!title) return { guid, skipped: 'it has neither title nor text' }
  const published_at = instantIn(post, 'date_gmt') ?? localDate(textIn(post, 'date'), origin.zone)
  const updated_at = instantIn(post, 'modified_gmt')
  const summary = summaryOf(post, html)
  const { section, tags } = gathered(post)
  const image = imageOf(post, origin)
  return {
    guid,
    item: {
      guid,
      title,
      html,
      tags,
      authors: authorsOf(post),
      ...(link && { link }),
      ...(summary && { summary }),
      ...(published_at && { published_at }),
      ...(updated_at && { updated_at }),
      ...(section && { section }),
      ...(image && { image }),
    },
  }
}

/** As its feed has it: byte for byte but for what WordPress escapes in it; its short address where it is kept from us. */
function guidOf(number: number, post: unknown, origin: Origin): string {
  const guid = textIn(post, 'guid', 'rendered')
    .replace(/&(?:#0?38|amp);/g, '&')
    .replace(/&#0?39;/g, "'")
    .trim()
  const usable = guid !== '' && guid.length <= LONGEST_GUID && !/[\p{Cc}\p{Cs}]/u.test(guid)
  return usable ? guid : shortAddress(number, origin.url)
}

/** What WordPress makes a post's guid of, unless told otherwise. */
export function shortAddress(number: number, home: string): string {
  return `${home.replace(/[?#].*$/, '').replace(/\/*$/, '/')}?p=${number}`
}

/** A title or name: WordPress gives them as HTML. */
function line(html: string): string {
  return oneLine(plain(html.slice(0, LONGEST_LINE)).replace(/\s+/g, ' '))
}

function localDate(text: string, zone: string): Instant | undefined {
  if (!/^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text)) return undefined
  try {
    return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds as Instant
  } catch {
    return undefined
  }
}

/** The excerpt where somebody wrote it; WordPress's own is the beginning of the text, cut off. */
function summaryOf(post: unknown, html: string): string | undefined {
  const rendered = textIn(post, 'excerpt', 'rendered')
  if (!rendered || within(post, 'excerpt', 'protected') === true || /class="[^"]*more-link/.test(rendered))
    return undefined
  const summary = oneLine(plain(rendered.slice(0, 10_000)).replace(/\s+/g, ' '))
  if (!summary || CUT_OFF.test(summary)) return undefined
  const beginning = plain(html.slice(0, 3 * rendered.length + 1000)).replace(/\s+/g, ' ')
  return beginning.trim().startsWith(summary) ? undefined : summary
}

type Term = { number: number | undefined; taxonomy: string; name: string }

/** The first category that says something is the section, unless an editor marked another; the others go with the tags. */
function gathered(post: unknown): { section: string | undefined; tags: string[] } {
  const terms = listIn(post, '_embedded', 'wp:term')
    .flatMap((group): unknown[] => (Array.isArray(group) ? group : []))
    .slice(0, 2 * MOST_NAMES)
    .map(
      (term): Term => ({
        number: numberIn(term, 'id'),
        taxonomy: textIn(term, 'taxonomy'),
        name: line(textIn(term, 'name')),
      }),
    )
    .filter(({ name }) => name !== '')
  const categories = terms.filter(({ taxonomy, name }) => taxonomy === 'category' && !NO_SECTION.test(name))
  const marked = PRIMARY.flatMap((name) => [within(post, name), within(post, 'meta', name)]).map(Number)
  const first = categories.find(({ number }) => number !== undefined && marked.includes(number)) ?? categories[0]
  const tags = [
    ...terms.filter(({ taxonomy }) => taxonomy === 'post_tag'),
    ...categories.filter((one) => one !== first),
  ]
  return { section: first?.name, tags: [...new Set(tags.map(({ name }) => name))].slice(0, MOST_NAMES) }
}

/** Sites that hide their users still name them for search engines. */
function authorsOf(post: unknown): string[] {
  const named = listIn(post, '_embedded', 'author').map((author) => line(textIn(author, 'name')))
  const given = named.filter(Boolean).slice(0, MOST_NAMES)
  const told = line(textIn(post, 'yoast_head_json', 'author'))
  return given.length > 0 ? [...new Set(given)] : told ? [told] : []
}

function imageOf(post: unknown, origin: Origin): Item['image'] {
  const picture = within(post, '_embedded', 'wp:featuredmedia', 0)
  const address = textIn(picture, 'source_url') || textIn(post, 'jetpack_featured_media_url')
  const url = address ? httpUrl(address, origin.url) : undefined
  if (!url) return undefined
  const alt = oneLine(textIn(picture, 'alt_text').slice(0, LONGEST_LINE))
  const caption = line(textIn(picture, 'caption', 'rendered'))
  return { url, ...(alt && { alt }), ...(caption && { caption }) }
}
