import { contrast } from '../colour.ts'
import { type Direction, directionsOf } from './direction.ts'

/**
 * What may be wrong with a letter: `size` (Gmail hides what follows its 102 KB), `alt` of pictures, `contrast` of text, links without
 * a scheme, of a kind that no mail reader opens, or to a machine of one's own, `direction` of paragraphs against their script, and
 * the sender, postal address or way to leave that are missing. `examples` are the first few texts or addresses that it is about.
 */
export type Finding = { about: About; n: number; examples: string[] }
export type About =
  | 'size' | 'alt' | 'contrast' | 'link-bare' | 'link-kind' | 'link-local' | 'direction' | 'sender' | 'address' | 'leave' // biome-ignore format: one list

/** A letter as it goes out: `source` is the whole message; `html` is '' for one of plain text. */
type Letter = { source: string; html: string; text: string }

/** What a letter weighs, and where it is cut off, in bytes. */
export const CLIP = 102 * 1024

const FEW = 3
const LEGIBLE = 4.5
const BLOCK = /^(p|div|td|th|h[1-6]|li|blockquote|body)$/
const VOID = /^(img|br|hr|meta|link|input|col|wbr)$/
const UNSEEN = /^(style|script|title|head)$/
const LETTERS = 8 // fewer decide no direction
const DEEPEST = 500 // elements in one another; what is further in counts as being there

/** Reads a letter as a mail reader would, and answers what it would stumble over. */
export function lint(letter: Letter, { postalAddress }: { postalAddress: string }): Finding[] {
  const notes = new Map<About, string[]>()
  const note = (about: About, example: string) => {
    const noted = notes.get(about) ?? []
    noted.push(example)
    notes.set(about, noted)
  }
  const size = Buffer.byteLength(letter.html)
  if (size > CLIP) note('size', String(size))
  walk(letter.html, note)
  const head = letter.source.slice(0, letter.source.indexOf('\r\n\r\n'))
  if (!/^From: (?:[^\r\n]|\r\n )*[^\s<>@]+@[^\s<>@]+/m.test(head)) note('sender', '')
  if (postalAddress.trim() === '') note('address', '')
  const leaves = [letter.html, letter.text].filter(Boolean).every((body) => body.includes('/unsubscribe/'))
  if (!leaves || !/^List-Unsubscribe: </m.test(head)) note('leave', '')
  return [...notes].map(([about, examples]) => ({ about, n: examples.length, examples: examples.slice(0, FEW) }))
}

type Note = (about: About, example: string) => void

/** An open element: what it hands on to what is in it. */
type Open = { tag: string; dir: Direction; colour: string; ground: string; unseen: boolean; block: Block | undefined }
type Block = { dir: Direction; text: string }

function walk(html: string, note: Note): void {
  const open: Open[] = [{ tag: '', dir: 'ltr', colour: '#000000', ground: '#ffffff', unseen: false, block: undefined }]
  for (const { text, tag, closes, attributes } of pieces(html)) {
    const around = open.at(-1)!
    if (tag === '') seeText(around, plainText(text), note)
    else if (closes) close(open, tag, note)
    else {
      const given = attributesOf(attributes)
      if (tag === 'img') seePicture(given, around, note)
      if (tag === 'a') seeLink(given.get('href') ?? '', note)
      if (!VOID.test(tag) && !attributes.endsWith('/') && open.length < DEEPEST) open.push(inside(around, tag, given))
    }
  }
  while (open.length > 1) close(open, open.at(-1)!.tag, note)
}

/** A tag by its name in lower case, or the text between two (`tag` is ''). */
type Piece = { text: string; tag: string; closes: boolean; attributes: string }

/** The document from its beginning to its end, each letter looked at once. */
function* pieces(html: string): Generator<Piece> {
  for (let at = 0; at < html.length; ) {
    const begins = html.indexOf('<', at)
    const until = begins < 0 ? html.length : begins
    if (until > at) yield { text: html.slice(at, until), tag: '', closes: false, attributes: '' }
    if (begins < 0) return
    const ends = html.startsWith('<!--', begins) ? html.indexOf('-->', begins) + 2 : tagEnd(html, begins)
    if (ends <= begins) return
    const [, closing, name, attributes = ''] =
      /^<(\/?)([a-z][a-z0-9-]*)(.*)>$/is.exec(html.slice(begins, ends + 1)) ?? []
    if (name !== undefined) yield { text: '', tag: name.toLowerCase(), closes: closing === '/', attributes }
    at = ends + 1
  }
}

/** Where a tag ends: at the first `>` outside of quotes; -1 for one that does not. */
function tagEnd(html: string, begins: number): number {
  let quote = ''
  for (let at = begins + 1; at < html.length; at++) {
    const letter = html[at]!
    if (quote !== '') quote = letter === quote ? '' : quote
    else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '>') return at
  }
  return -1
}

function inside(around: Open, tag: string, given: Map<string, string>): Open {
  const style = stylesOf(given.get('style') ?? '')
  const dir = given.get('dir') === 'rtl' || given.get('dir') === 'ltr' ? (given.get('dir') as Direction) : around.dir
  const ground = hex(style.get('background-color') ?? style.get('background') ?? given.get('bgcolor') ?? '')
  const isolated = !BLOCK.test(tag) && given.has('dir')
  return {
    ...{ tag, dir, colour: hex(style.get('color') ?? '') ?? around.colour, ground: ground ?? around.ground },
    unseen: around.unseen || UNSEEN.test(tag) || style.get('display') === 'none',
    block: BLOCK.test(tag) ? { dir, text: '' } : isolated ? undefined : around.block,
  }
}

/** Closes an element and whatever was left open in it. */
function close(open: Open[], tag: string, note: Note): void {
  const at = open.findLastIndex((one) => one.tag === tag)
  if (at < 1) return
  for (const one of open.splice(at)) if (BLOCK.test(one.tag) && one.block) judgeDirection(one.block, note)
}

function judgeDirection({ dir, text }: Block, note: Note): void {
  const { rtl, ltr } = directionsOf(text)
  if (rtl + ltr < LETTERS) return
  const against = dir === 'rtl' ? ltr : rtl
  if (against > (rtl + ltr) * 0.7) note('direction', short(text))
}

function seeText(around: Open, text: string, note: Note): void {
  if (around.unseen || text.trim() === '') return
  if (around.block) around.block.text += text
  if (contrast(around.colour, around.ground) < LEGIBLE) note('contrast', short(text))
}

function seePicture(given: Map<string, string>, { unseen }: Open, note: Note): void {
  if (!unseen && (given.get('alt') ?? '').trim() === '') note('alt', short(given.get('src') ?? ''))
}

function seeLink(href: string, note: Note): void {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(href.trim()) ?? []
  const address = URL.canParse(href) ? new URL(href) : undefined
  if (scheme === undefined || !address) note('link-bare', short(href) || '—')
  else if (!/^(https?|mailto|tel)$/i.test(scheme)) note('link-kind', short(href))
  else if (isLocal(address.hostname)) note('link-local', short(href))
}

function isLocal(host: string): boolean {
  return /^(localhost|.*\.localhost|.*\.local|0\.0\.0\.0|127\..*|10\..*|192\.168\..*|172\.(1[6-9]|2\d|3[01])\..*|169\.254\..*|\[::1\]|\[f[cde].*\])$/i.test(
    host,
  )
}

function attributesOf(text: string): Map<string, string> {
  const all = text.matchAll(/([a-z][a-z0-9-]*)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/gi)
  return new Map([...all].map(([, name, a, b, c]) => [name!.toLowerCase(), plainText(a ?? b ?? c ?? '')]))
}

function stylesOf(text: string): Map<string, string> {
  return new Map(
    text.split(';').map((one) => {
      const at = one.indexOf(':')
      return [one.slice(0, at).trim().toLowerCase(), one.slice(at + 1).trim()]
    }),
  )
}

/** A colour as #rrggbb; undefined for one that is spelled otherwise. */
function hex(colour: string): string | undefined {
  const [, short] = /^#([0-9a-f]{3})$/i.exec(colour) ?? []
  if (short) return `#${[...short].map((digit) => digit + digit).join('')}`
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour : undefined
}

function plainText(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', apos: "'" }
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, decimal, sixteen, name) => {
    if (name) return named[name.toLowerCase()] ?? whole
    const code = decimal ? Number(decimal) : Number.parseInt(sixteen, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
