/** How the name of an element is read: in the words of its own document, or with one fixed prefix for each vocabulary. */
export type Names = { family: Family; root: string; prefixes: Map<string, string> }

/** `rss` is RSS 0.9x and 2.0, `rdf` RSS 1.0 and 0.90. */
export type Family = 'rss' | 'rdf' | 'atom'

/** An element that we use: the attributes that count, and whether its text may be HTML, also unescaped. */
export type Field = { name: string; attributes: string[]; markup: boolean; holder: boolean; most: number }

const VOCABULARIES: Record<string, string> = {
  'http://www.w3.org/2005/atom': 'atom', 'http://purl.org/atom/ns#': 'atom', 'http://purl.org/rss/1.0/': 'rss',
  'http://my.netscape.com/rdf/simple/0.9/': 'rss', 'http://channel.netscape.com/rdf/simple/0.9/': 'rss',
  'http://backend.userland.com/rss2': 'rss', 'http://purl.org/rss/1.0/modules/content/': 'content', 'http://purl.org/dc/elements/1.1/': 'dc',
  'http://purl.org/dc/terms/': 'dcterms', 'http://search.yahoo.com/mrss/': 'media', 'http://search.yahoo.com/mrss': 'media',
  'http://www.itunes.com/dtds/podcast-1.0.dtd': 'itunes', 'http://www.w3.org/1999/xhtml': 'xhtml',
  'http://www.w3.org/1999/02/22-rdf-syntax-ns#': 'rdf', 'http://purl.org/rss/1.0/modules/syndication/': 'sy',
  'http://purl.org/atompub/tombstones/1.0': 'at', 'http://rssnamespace.org/feedburner/ext/1.0': 'feedburner',
} // biome-ignore format: one table
const USUAL = new Set(Object.values(VOCABULARIES))

/** Notes what a tag's `xmlns` attributes say: of two meanings of a prefix the first counts. */
export function declare(names: Names, attributes: Map<string, string>): void {
  for (const [name, value] of attributes) {
    if (!name.startsWith('xmlns:') || names.prefixes.size > 100) continue
    const vocabulary = VOCABULARIES[value.trim().toLowerCase()] ?? 'other'
    const prefix = name.slice(6)
    if (!names.prefixes.has(prefix)) names.prefixes.set(prefix, vocabulary)
  }
}

/** An element's name in lower case: bare in the document's own vocabulary, else with that vocabulary's usual prefix. */
export function canonical(names: Names, raw: string): string {
  const name = raw.toLowerCase()
  const colon = name.indexOf(':')
  if (colon < 0) return name
  const prefix = name.slice(0, colon)
  const local = name.slice(colon + 1)
  if (prefix === names.root) return local
  const vocabulary = names.prefixes.get(prefix) ?? (USUAL.has(prefix) ? prefix : 'other')
  const own = vocabulary === (names.family === 'atom' ? 'atom' : 'rss')
  if (own || (vocabulary === 'rdf' && local === 'rdf')) return local
  return vocabulary === 'xhtml' && local === 'body' ? 'body' : `${vocabulary}:${local}`
}

const TEXTS = /^(?:description|content|content:encoded|summary|body)$/
const LONGEST_TEXT = 450_000 // letters: more than can be cleaned in bearable time
const LONGEST_LINE = 10_000

const PLAIN = 'guid[ispermalink] id pubdate dc:date dcterms:created dcterms:issued dcterms:modified published updated issued modified created atom:updated atom:published dc:creator itunes:author category[term,label,domain] dc:subject language dc:language feedburner:origlink enclosure[url,type,length,medium] itunes:image[href] media:thumbnail[url,width,height] media:credit link[href,rel,type,hreflang] atom:link[href,rel,type]' // biome-ignore format: one list
const MARKUP = 'title[type,mode] description[type] content:encoded content[type,mode,src,xml:base] summary[type,mode,xml:base] body media:title media:description' // biome-ignore format: one list
const HOLDERS = 'author media:content[url,type,medium,width,height] image[url]'
const HEAD = 'title[type,mode] link[href,rel,type,hreflang] atom:link[href,rel,type] language dc:language ttl sy:updateperiod sy:updatefrequency dc:creator itunes:author' // biome-ignore format: one list

const ITEM_FIELDS = new Map([...fields(PLAIN, {}), ...fields(MARKUP, { markup: true }), ...fields(HOLDERS, { holder: true })]) // biome-ignore format: one table
const HEAD_FIELDS = new Map([...fields(HEAD, {}), ...fields('author', { holder: true })])
const INNER: Record<string, Map<string, Field>> = {
  author: fields('name', {}),
  image: fields('url title', {}),
  'media:content': fields('media:title media:description media:credit media:thumbnail[url,width,height]', {}),
}

/** The element of this name where it stands: in an item, in the head, or in one of the elements that hold others. */
export function field(place: string, name: string): Field | undefined {
  if (place === 'item' || place === 'group') return ITEM_FIELDS.get(name)
  if (place === 'head') return HEAD_FIELDS.get(name)
  return INNER[place]?.get(name)
}

/** All names that an item may hold. */
export const itemFields = [...ITEM_FIELDS.keys()]
export const headFields = [...HEAD_FIELDS.keys()]

function fields(list: string, kind: { markup?: true; holder?: true }): Map<string, Field> {
  return new Map(
    list.split(' ').map((entry) => {
      const [name, attributes] = entry.split(/[[\]]/) as [string, string | undefined]
      const field = { name, attributes: attributes?.split(',') ?? [], markup: false, holder: false, ...kind }
      const isText = TEXTS.test(name)
      return [name, { ...field, markup: field.markup || name === 'title', most: isText ? LONGEST_TEXT : LONGEST_LINE }]
    }),
  )
}
