import { decoded, numbered, pathAddress } from '../../db/addresses.ts'
import { fold, plain } from '../text.ts'
import { type FormerName, formerName } from './former-names.ts'
import { bodyOf } from './wxr-body.ts'
import type { Entry } from './wxr-reader.ts'
import type { Survey } from './wxr-survey.ts'

/**
 * What an entry of an export comes to: a row as `article import` reads it, with the further addresses that led to it, what
 * its labels are called in addresses, and the number of a lead picture that the export lacks; or which kind of thing it is that is left out, or why it cannot be
 * read.
 */
export type Post =
  | { row: Record<string, unknown>; addresses: string[]; names: FormerName[]; missing?: number }
  | { leftOut: string }
  | { reason: string }

const NOWHERE = /^(?:uncategorized|uncategorised|غير-مصنف|غير-مصنّف|genel|kategorisiz|كل-الأخبار)$/
const SLUG = /^[\w-]{1,40}$/
const FAULTY = 0.1 // of the letters beyond ASCII: more that are not in the encoding, and it is another one

/** Reads one entry. */
export function readPost(entry: Entry, { authors, attachments }: Survey): Post {
  const { fields, terms, meta } = entry
  const field = (name: string) => (fields.get(name) ?? '').trim()
  const kind = leftOut(field('wp:post_type') || 'post', field('wp:status') || 'publish', field('wp:post_password'))
  if (kind) return { leftOut: kind }
  if (entry.fault) return { reason: entry.fault }
  const garbled = [field('title'), field('content:encoded')].some(isGarbled)
  if (garbled) return { reason: 'its text is not in the encoding that the file names; save the file as UTF-8' }
  const creator = field('dc:creator')
  const [section, ...labels] = categories(terms)
  const link = field('link')
  const thumbnail = Number(meta.get('_thumbnail_id')?.at(-1) ?? 0)
  const lead = attachments.get(thumbnail)
  const summary = field('excerpt:encoded')
  const language = terms.find(({ domain }) => domain === 'language')?.nicename // as Polylang says it
  return {
    row: {
      guid: fields.get('guid') || link,
      title: text(field('title')),
      body_html: bodyOf(fields.get('content:encoded') ?? '', attachments),
      summary: summary && bodyOf(summary, attachments),
      ...(language && /^[a-z]{2,3}(?:-[a-z]{2})?$/i.test(language) && { language }),
      ...(section && { section: text(section) }),
      tags: [...labels, ...termsOf(terms, 'post_tag', 'tag')].map(text).slice(0, 50),
      byline: text(authors.get(creator) || creator),
      ...(link && { url: link }),
      ...(lead?.url && { image: { url: lead.url, alt: text(lead.alt), caption: text(lead.caption) } }),
      published_at: moment(field('wp:post_date_gmt'), field('wp:post_date'), field('pubdate')),
      ...(isDate(field('wp:post_modified_gmt')) && { updated_at: `${field('wp:post_modified_gmt')}Z` }),
    },
    addresses: addressesOf(field('wp:post_id'), link, field('wp:post_name'), meta.get('_wp_old_slug') ?? []),
    names: namesOf(terms, creator, authors.get(creator) ?? ''),
    ...(thumbnail > 0 && !lead && { missing: thumbnail }),
  }
}

/** Only what the public could read on the old site comes over. */
function leftOut(type: string, status: string, password: string): string | undefined {
  if (type !== 'post') return SLUG.test(type) ? type : 'other'
  if (status !== 'publish') return SLUG.test(status) ? status : 'other'
  return password ? 'password' : undefined
}

function isGarbled(text: string): boolean {
  const beyond = text.match(/[^\0-\x7f]/g)?.length ?? 0
  return (text.match(/\ufffd/g)?.length ?? 0) > FAULTY * beyond
}

/** The names of its categories, without the one that WordPress gives to what has none. */
function categories(terms: Entry['terms']): string[] {
  const real = terms.filter(({ nicename }) => !NOWHERE.test(decoded(nicename)))
  const named = termsOf(real, 'category')
  return named.length > 0 ? named : termsOf(real, '')
}

/** Each name once, in the order of the export. */
function termsOf(terms: Entry['terms'], ...domains: string[]): string[] {
  const names = terms.filter(({ domain }) => domains.includes(domain)).map(({ name }) => name.trim())
  return [...new Map(names.filter(Boolean).map((name) => [fold(name), name])).values()]
}

const LABELS: Record<string, FormerName['by']> = { category: 'category', post_tag: 'tag', tag: 'tag' }

function namesOf(terms: Entry['terms'], login: string, author: string): FormerName[] {
  const labels = terms.map(({ domain, nicename, name }) => {
    const by = Object.hasOwn(LABELS, domain) ? LABELS[domain] : undefined
    return by && formerName(by, nicename, text(name.trim()))
  })
  return [...labels, formerName('author', login, text(author))].filter((name) => name !== undefined)
}

/** Plain text: WordPress keeps titles and names as HTML. */
function text(stored: string): string {
  return /&[a-z#0-9]+;|<[a-z/!]/i.test(stored) ? plain(stored) : stored
}

/** The hour in UTC, else the local one without a zone, which is read in the paper's, else what the feed would say. */
function moment(gmt: string, local: string, rfc822: string): string {
  if (isDate(gmt)) return `${gmt}Z`
  if (isDate(local)) return local
  const at = Date.parse(rfc822)
  return at > 0 ? new Date(at).toISOString() : 'none'
}

function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) && !text.startsWith('0000')
}

/** Where else the post could be found: by its number, by its name, and by the names that it had before. */
function addressesOf(id: string, link: string, name: string, older: string[]): string[] {
  const found = /^[1-9]\d{0,11}$/.test(id) ? [numbered(id)] : []
  if (!URL.canParse(link)) return found
  const { pathname } = new URL(link)
  const now = decoded(pathname).replace(/\/+$/, '')
  const last = decoded(name)
  if (!last || !now.endsWith(`/${last}`)) return found
  const paths = older.filter(Boolean).map((slug) => pathAddress(`${now.slice(0, -last.length)}${slug}`))
  return [...found, ...paths.filter((path) => path !== undefined)]
}
