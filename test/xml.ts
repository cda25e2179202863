/** An element as a strict reader sees it: entities and CDATA resolved, comments and white space between elements gone. */
export type Element = { name: string; attributes: Record<string, string>; children: Element[]; text: string }

const ALLOWED = /^[\t\n\r\u0020-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u
const NAME = '[A-Za-z_][\\w.:-]*'
const TOKEN = new RegExp(
  `<\\?xml(?:-stylesheet)? [^?]*\\?>|<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>|<(/?)(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>|([^<]+)`,
  'y',
)
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Reads a document of the plain kind that feeds are; throws at whatever is not well-formed. */
export function parseXml(xml: string): Element {
  if (!ALLOWED.test(xml)) throw new Error('a character that XML does not allow')
  const root: Element = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex
    const token = TOKEN.exec(xml)
    if (!token) throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + 80)}`)
    const [whole, cdata, end, name, attributes, empty, text] = token
    const parent = open.at(-1)!
    if (cdata !== undefined) parent.text += cdata
    else if (text !== undefined) parent.text += resolved(text)
    else if (end) {
      if (open.length === 1 || open.pop()!.name !== name) throw new Error(`${whole} closes nothing`)
    } else if (name) {
      const element: Element = { name, attributes: attributesOf(attributes!), children: [], text: '' }
      parent.children.push(element)
      if (!empty) open.push(element)
    }
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text.trim()) throw new Error('not one closed root')
  return root.children[0]!
}

/** The elements of this name directly in another. */
export function childrenOf(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === name)
}

/** The text of the only element of this name in another. */
export function textOf(element: Element, name: string): string | undefined {
  const found = childrenOf(element, name)
  if (found.length > 1) throw new Error(`${found.length} × ${name}`)
  return found[0]?.text
}

function attributesOf(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([\w.:-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, resolved(value!)])
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new Error(`an attribute twice: ${text}`)
  return Object.fromEntries(pairs)
}

function resolved(text: string): string {
  if (text.includes(']]>')) throw new Error(']]> in text')
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+))?(;?)/gi, (whole, decimal, hex, name, end) => {
    const letter = decimal || hex ? String.fromCodePoint(Number(decimal ?? `0x${hex}`)) : ENTITIES[name]
    if (letter === undefined || !end) throw new Error(`an unknown entity: ${whole}`)
    return letter
  })
}
