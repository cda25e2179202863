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
  /** Whether the document ends in the middle of an item, or before its first one although more was to come. */
  cut: boolean
  beyond: number
}

const MOST_FIELDS = 300 // of an item or a head
const MOST_DELETED = 10_000
export const MOST_ITEMS = 10_000

export function openScan(names: Names): Scan {
  return { names, common: new Map(), head: [], deleted: [], mended: new Set(), cut: false, beyond: 0 }
}

type Walk = {
  text: string
  at: number
  scan: Scan
  stack: Open[]
  /** The item that is open, as far as it goes; those that are done wait in `ready`. */
  item: string[] | undefined
  ready: string[]
  written: number
  /** Whether what holds the items has been closed. */
  whole: boolean
}

/**
 * The items of a document one after another, each as well-formed XML in one vocabulary: only what we use, texts as CDATA,
 * HTML that stood unescaped as text, tags that were left open closed. `scan` is filled on the way.
 */
export function* entries(text: string, { tag }: Root, scan: Scan): Generator<string> {
  const stack = [{ raw: tag.name, place: 'head' }]
  const walk: Walk = { text, at: tag.end, scan, stack, item: undefined, ready: [], written: 0, whole: tag.empty }
  inherit(text, tag, scan)
  while (walk.at < text.length && stack.length > 0) {
    const token = piece(text, walk.at)
    walk.at = token.end
    if (token.kind === 'close') leave(walk, token.name)
    else if (token.kind === 'open') enter(walk, token)
    if (walk.ready.length > 0) yield* walk.ready.splice(0)
  }
  ending(walk)
}

function leave(walk: Walk, raw: string): void {
  const index = walk.stack.findLastIndex((open) => open.raw === raw)
  if (index < 0) return
  if (index < walk.stack.length - 1) walk.scan.mended.add('tags that were left open')
  closeTo(walk, index)
}

/** Closes what is open until so many are left. */
function closeTo(walk: Walk, left: number): void {
  while (walk.stack.length > left) {
    const open = walk.stack.pop()!
    if (open.emitted) (walk.item ?? walk.scan.head).push(`</${open.emitted}>`)
    if (open.place === 'item') endItem(walk)
    // In RSS 1.0 the items stand behind the channel.
    if (open.place === 'head' && (left === 0 || walk.scan.names.family === 'rss')) walk.whole = true
  }
}

function endItem(walk: Walk): void {
  const end = walk.scan.names.family === 'atom' ? '</entry>' : '</item>'
  if (walk.written++ < MOST_ITEMS) walk.ready.push(`${walk.item!.join('')}${end}`)
  else walk.scan.beyond++
  walk.item = undefined
}

function enter(walk: Walk, token: Tag): void {
  const { text, scan, stack } = walk
  const name = canonical(scan.names, token.name)
  if (stack.length >= DEEPEST) throw tooDeep()
  const { place } = stack.at(-1)!
  const out = walk.item ?? scan.head
  const known = isItem(name) || place === 'skip' || out.length > MOST_FIELDS ? undefined : field(place, name)
  if (isItem(name)) beginItem(walk, token)
  else if (known?.holder && !token.empty && holds(text, token)) {
    out.push(opening(text, token, known))
    stack.push({ raw: token.name, place: known.name, emitted: known.name })
  } else if (known) out.push(element(text, token, known, contentOf(walk, token, known)))
  else pass(walk, token, name, place)
}

/** An item stands in no other, and in nothing that belongs to the head: what is still open was not closed. */
function beginItem(walk: Walk, token: Tag): void {
  const { text, scan, stack } = walk
  if (walk.item) scan.mended.add('entries that were left open')
  const inside = stack.findIndex(({ place }) => place !== 'head')
  if (inside >= 0) closeTo(walk, inside)
  declare(scan.names, attributes(text, token))
  walk.item = [startOf(text, token, scan.names)]
  stack.push({ raw: token.name, place: 'item' })
  if (token.empty) closeTo(walk, stack.length - 1)
}

function contentOf(walk: Walk, token: Tag, { markup, most }: Field): Leaf {
  if (token.empty) return { value: '', html: false, end: token.end }
  const { names, mended } = walk.scan
  const ends = (inside: Token) => endsLeaf(inside, names)
  const bare = () => mended.add('ampersands that stood bare')
  const content = leaf(walk.text, token, { markup, most, depth: walk.stack.length, ends, bare })
  walk.at = content.end
  return content
}

/** An element that we do not use, or that only leads further. */
function pass({ text, scan, stack }: Walk, token: Tag, name: string, place: string): void {
  if (name === 'at:deleted-entry') {
    const ref = resolved(attributes(text, token).get('ref') ?? '').trim()
    if (ref && scan.deleted.length < MOST_DELETED) scan.deleted.push(ref)
  }
  if (token.empty) return
  if (name === 'channel') inherit(text, token, scan)
  stack.push({ raw: token.name, place: placeOf(name, place) })
}

function placeOf(name: string, place: string): string {
  if (name === 'channel' && place === 'head') return 'head'
  return name === 'media:group' && place === 'item' ? 'group' : 'skip'
}

function isItem(name: string): boolean {
  return name === 'item' || name === 'entry'
}

function ending({ text, at, stack, item, scan, written, whole }: Walk): void {
  if (item) {
    scan.cut = true
    scan.mended.add('it is cut off: its last entry is left out')
  } else if (written === 0 && !whole) scan.cut = true
  else if (stack.length > 0) scan.mended.add('it is cut off after an entry')
  else if (withoutComments(text.slice(at, at + 1000)).trim()) scan.mended.add('there was more behind its end')
}

function withoutComments(text: string): string {
  return text.replace(/<!--[^>]{0,900}-->/g, '')
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
