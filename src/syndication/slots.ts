import { randomBytes } from 'node:crypto'
import { escaped, wellFormed } from '../text.ts'

/*
 * The one door of `feed`. It escapes only the first `]]>` of a text, nothing in attributes, undoes `&amp;`, rewrites ids,
 * guesses types and throws at whatever `new URL()` does. So none of our texts passes through it: it gets a marker nobody
 * can guess for each, builds the skeleton, and the texts, made safe for where they stand, take the markers' places.
 */

export type Slots = ReturnType<typeof openSlots>

/** Markers for a document's texts, and the texts. A marker is a `urn:`, because `feed` reads some of them as addresses. */
export function openSlots() {
  const nonce = randomBytes(12).toString('hex')
  const held: string[] = []
  function hold(safe: string): string {
    held.push(wellFormed(safe))
    return `urn:${nonce}:${held.length - 1}.`
  }
  return {
    /** For text between tags or in an attribute. */
    text: (text: string) => hold(escaped(text)),
    /** For HTML in a CDATA section, which `]]>` would end. */
    html: (html: string) => hold(html.replaceAll(']]>', ']]&gt;')),
    /** For elements: the element that carries the marker goes. */
    elements: (elements: string[]) => hold(elements.join('\n')),
    fill: (skeleton: string) =>
      skeleton
        .replace(/<(rights|copyright|slot)>([^<]*)<\/\1>/g, '$2')
        .replace(/<title[^>]*><!\[CDATA\[([^\]]*)\]\]>/g, '<title>$1') // plain text, which all readers show as it is
        .replace(new RegExp(`urn:${nonce}:(\\d+)\\.`, 'g'), (_, index) => held[index]!),
  }
}

type Attributes = Record<string, string | number | undefined>

/** An element with a text in it. */
export function element(name: string, attributes: Attributes, text = ''): string {
  return wrapped(name, attributes, escaped(text))
}

/** An element around XML that is safe already. */
export function wrapped(name: string, attributes: Attributes, xml: string): string {
  const written = Object.entries(attributes).filter(([, value]) => value !== undefined)
  const start = [name, ...written.map(([key, value]) => `${key}="${escaped(String(value))}"`)].join(' ')
  return xml ? `<${start}>${xml}</${name}>` : `<${start}/>`
}
