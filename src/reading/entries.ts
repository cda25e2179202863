import { escaped, wellFormed } from '../text.ts'
import { DEEPEST, type Leaf, leaf, tooDeep } from './leaf.ts'
import { attributes, piece, type Token } from './markup.ts'
import { canonical, declare, type Field, field, type Names } from './names.ts'
import { FILLER } from './parser.ts'
import { resolved } from './references.ts'
import type { Root } from './root.ts'

type Tag = Token & { name: string; empty: boolean }
type Open = { raw: string; place: string; emitted?: string }

/** A document on its way: its head so far, as XML, and what was mended or lost. */
export type Scan = {
  names: Names
  /** The attributes of root and channel that go on for all: `xml:lang`, `xml:base`. */
  common: Map<string, string>
  head: string[]
  deleted: string[]
  mended: Set<string>
  /** How the document ended: as it should, or in the middle of an item. */
  cut: boolean
  beyond: number
}

const MOST_FIELDS = 300 // of an item or a head
const MOST_DELETED = 10_000
export const MOST_ITEMS = 10_000

export function openScan(names: Names): Scan {
  return { names, common: new Map(), head: [], deleted: [], mended: new Set(), cut: false, beyond: 0 }
}

/**
 * The items of a document one after another, each as well-formed XML in one vocabulary: only what we use, texts as CDATA,
 * HTML that stood unescaped as text, tags that were left open closed. `scan` is filled on the way.
 */
export function* entries(text: string, root: Root, scan: Scan): Generator<string> {
  const { names } = scan
  const stack: Open[] = [{ raw: root.tag.name, place: 'head' }]
  let item: string[] | undefined
  let written = 0
  let at = root.tag.end
  inherit(text, root.tag, scan)

  function* endItem(): Generator<string> {
    if (item && written++ < MOST_ITEMS) yield `${item.join('')}${names.family === 'atom' ? '</entry>' : '</item>'}`
    else if (item) scan.beyond++
    item = undefined
  }
  function* back(to: number): Generator<string> {
    while (stack.length > to) {
      const open = stack.pop()!
      if (open.emitted) (item ?? scan.head).push(`</${open.emitted}>`)
      if (open.place === 'item') yield* endItem()
    }
  }
  const ends = (token: Token) => endsLeaf(token, names)
  const bare = () => scan.mended.add('ampersands that stood bare')

  while (at < text.length && stack.length > 0) {
    const token = piece(text, at)
    at = token.end
    if (token.kind === 'close') {
      const index = stack.findLastIndex(({ raw }) => raw === token.name)
      if (index < stack.length - 1 && index >= 0) scan.mended.add('tags that were left open')
      if (index >= 0) yield* back(index)
      continue
    }
    if (token.kind !== 'open') continue
    const name = canonical(names, token.name)
    if (isItem(name)) {
      const open = stack.findIndex(({ place }) => place === 'item')
      if (open >= 0) {
        scan.mended.add('entries that were left open')
        yield* back(open)
      }
      declare(names, attributes(text, token))
      item = [startOf(text, token, names)]
      stack.push({ raw: token.name, place: 'item' })
      if (token.empty) yield* back(stack.length - 1)
      continue
    }
    if (stack.length >= DEEPEST) throw tooDeep()
    const place = stack.at(-1)!.place
    const out = item ?? scan.head
    const known = place === 'skip' || out.length > MOST_FIELDS ? undefined : field(place, name)
    if (known?.holder && !token.empty && holds(text, token)) {
      out.push(opening(text, token, known))
      stack.push({ raw: token.name, place: known.name, emitted: known.name })
    } else if (known) {
      const { markup, most } = known
      const content: Leaf = token.empty
        ? { value: '', html: false, end: token.end, closed: true }
        : leaf(text, token, { markup, most, depth: stack.length, ends, bare })
      at = content.end
      out.push(element(text, token, known, content))
    } else if (name === 'at:deleted-entry') {
      const ref = resolved(attributes(text, token).get('ref') ?? '').trim()
      if (ref && scan.deleted.length < MOST_DELETED) scan.deleted.push(ref)
      if (!token.empty) stack.push({ raw: token.name, place: 'skip' })
    } else if (!token.empty) {
      if (name === 'channel') inherit(text, token, scan)
      stack.push({ raw: token.name, place: placeOf(name, place) })
    }
  }
  ending(text, at, stack, scan)
}

/** Where an element that we do not use leads: further into the same place, or to what does not concern us. */
function placeOf(name: string, place: string): string {
  if (name === 'channel' && place === 'head') return 'head'
  return name === 'media:group' && place === 'item' ? 'group' : 'skip'
}

function isItem(name: string): boolean {
  return name === 'item' || name === 'entry'
}

function ending(text: string, at: number, stack: Open[], scan: Scan): void {
  if (stack.some(({ place }) => place === 'item')) {
    scan.cut = true
    scan.mended.add('it is cut off: its last entry is left out')
  } else if (stack.length > 0) scan.mended.add('it is cut off after an entry')
  else if (
    text
      .slice(at, at + 1000)
      .replace(/<!--[^>]{0,900}-->/g, '')
      .trim()
  )
    scan.mended.add('there was more behind its end')
}

/** An author that is plain text is a leaf; so is a picture. */
function holds(text: string, token: Tag): boolean {
  let at = token.end
  for (let pieces = 0; pieces < 20; pieces++) {
    const next = piece(text, at)
    if (next.kind === 'open') return true
    if (next.kind === 'close' || next.end >= text.length) return false
    if (next.kind === 'cdata' && next.close > next.inner) return false
    if (next.kind === 'text' && text.slice(next.inner, Math.min(next.close, next.inner + 200)).trim()) return false
    at = next.end
  }
  return false
}

function inherit(text: string, tag: Token, scan: Scan): void {
  const found = attributes(text, tag)
  declare(scan.names, found)
  for (const name of ['xml:lang', 'xml:base']) if (found.has(name)) scan.common.set(name, resolved(found.get(name)!))
}

const UNCLOSED = new Set(['pubdate', 'guid', 'description', 'content:encoded', 'dc:creator', 'dc:date', 'category', 'enclosure', 'published', 'updated', 'id']) // biome-ignore format: one list

const ROOTS = new Set(['channel', 'rss', 'rdf', 'feed'])

/** A tag that no text holds: what it stands in was not closed. */
function endsLeaf(token: Token, names: Names): boolean {
  if (token.kind !== 'open' && token.kind !== 'close') return false
  const name = canonical(names, token.name)
  return isItem(name) || (token.kind === 'open' ? UNCLOSED.has(name) : ROOTS.has(name))
}

const ITEM_ATTRIBUTES = ['rdf:about', 'xml:lang', 'xml:base']

function startOf(text: string, tag: Tag, { family }: Names): string {
  return `<${family === 'atom' ? 'entry' : 'item'}${written(attributes(text, tag), ITEM_ATTRIBUTES)}>${FILLER}`
}

function opening(text: string, tag: Tag, known: Field): string {
  return `<${known.name}${written(attributes(text, tag), known.attributes)}>`
}

function element(text: string, tag: Tag, known: Field, { value, html }: Leaf): string {
  const found = known.attributes.length > 0 ? attributes(text, tag) : new Map<string, string>()
  if (html) found.set('type', 'html').delete('mode')
  const shown = html ? [...new Set(['type', ...known.attributes])] : known.attributes
  return `<${known.name}${written(found, shown)}>${cdata(value)}</${known.name}>`
}

function written(found: Map<string, string>, names: string[]): string {
  let all = ''
  for (const name of names) if (found.has(name)) all += ` ${name}="${escaped(wellFormed(resolved(found.get(name)!)))}"`
  return all
}

function cdata(value: string): string {
  return value && `<![CDATA[${value.includes(']]>') ? value.replaceAll(']]>', ']]]]><![CDATA[>') : value}]]>`
}
