/** An element as a strict reader sees it: entities and CDATA resolved, comments gone. */
export type Element = { name: string; attributes: Map<string, string>; children: Element[]; text: string }

const FORBIDDEN = /[^\t\n\r\u0020-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u
const NAME = '[\\p{L}_][\\p{L}\\p{N}_.-]*(?::[\\p{L}_][\\p{L}\\p{N}_.-]*)?'
const TOKEN = new RegExp(
  [
    '<!--(?:(?!--)[\\s\\S])*-->|<\\?[\\s\\S]*?\\?>',
    '<!\\[CDATA\\[(?<cdata>[\\s\\S]*?)\\]\\]>',
    `</(?<end>${NAME})\\s*>`,
    `<(?<start>${NAME})(?<attributes>(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(?<empty>/?)>`,
    '(?<text>[^<]+)',
  ].join('|'),
  'uy',
)
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'gu')
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const SHOWN = 60

/** Reads a document; throws, in words, at whatever is not well-formed. Document types are not taken: feeds have none. */
export function readXml(xml: string): Element {
  const forbidden = FORBIDDEN.exec(xml)
  if (forbidden) throw new Error(`a character that XML does not allow at ${forbidden.index}`)
  const root: Element = { name: '', attributes: new Map(), children: [], text: '' }
  const open = [root]
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex
    const groups = TOKEN.exec(xml)?.groups
    if (!groups) throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + SHOWN)}`)
    take(groups, open)
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)!.name}> is not closed`)
  if (root.children.length !== 1 || root.text.trim()) throw new Error('there is not one root')
  return root.children[0]!
}

type Token = Record<string, string | undefined>

function take({ cdata, end, start, attributes, empty, text }: Token, open: Element[]): void {
  const parent = open.at(-1)!
  if (cdata !== undefined) parent.text += cdata
  else if (text !== undefined) parent.text += resolved(text)
  else if (end !== undefined) {
    if (parent.name !== end) throw new Error(`</${end}> where <${parent.name}> is open`)
    open.pop()
  } else if (start !== undefined) {
    const element: Element = { name: start, attributes: attributesOf(attributes ?? ''), children: [], text: '' }
    parent.children.push(element)
    open.push(element)
    for (const name of [start, ...element.attributes.keys()]) checkPrefix(name, open)
    if (empty) open.pop()
  }
}

function checkPrefix(name: string, open: Element[]): void {
  const prefix = name.includes(':') ? name.split(':')[0]! : ''
  if (prefix === '' || prefix === 'xml' || prefix === 'xmlns') return
  if (!open.some(({ attributes }) => attributes.get(`xmlns:${prefix}`)))
    throw new Error(`the prefix of ${name} is not declared`)
}

function attributesOf(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name, double, single] of text.matchAll(ATTRIBUTE)) {
    if (found.has(name!)) throw new Error(`the attribute ${name} twice`)
    found.set(name!, resolved(double ?? single ?? ''))
  }
  return found
}

function resolved(text: string): string {
  if (text.includes(']]>')) throw new Error(']]> in a text')
  return text.replace(/&(?:#(\d+);|#x([\da-f]+);|(\w+);)?/gi, (whole, decimal, hex, name) => {
    if (decimal || hex) return letter(decimal ? Number(decimal) : Number.parseInt(hex, 16))
    const known = ENTITIES[name ?? '']
    if (known === undefined) throw new Error(`an unknown entity: ${whole}`)
    return known
  })
}

function letter(point: number): string {
  const text = point <= 0x10ffff ? String.fromCodePoint(point) : '\0'
  if (FORBIDDEN.test(text)) throw new Error('a character that XML does not allow')
  return text
}
