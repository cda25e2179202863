import { oneLine } from '../text.ts'
import { element, wrapped } from './slots.ts'

/** A feed in a list of feeds, or a group of them. */
export type Outline =
  | { title: string; xmlUrl: string; htmlUrl: string; language: string }
  | { title: string; outlines: Outline[] }

/** A list of feeds as readers import it: OPML 2.0. */
export function writeOpml(title: string, outlines: Outline[]): string {
  const head = wrapped(
    'head',
    {},
    `${element('title', {}, oneLine(title))}${element('docs', {}, 'https://opml.org/spec2.opml')}`,
  )
  const body = wrapped('body', {}, `\n${outlines.map(outline).join('\n')}\n`)
  return `<?xml version="1.0" encoding="utf-8"?>\n${wrapped('opml', { version: '2.0' }, `\n${head}\n${body}\n`)}\n`
}

function outline(one: Outline): string {
  const text = oneLine(one.title)
  if ('outlines' in one) return wrapped('outline', { text, title: text }, `\n${one.outlines.map(outline).join('\n')}\n`)
  const { xmlUrl, htmlUrl, language } = one
  return element('outline', { type: 'rss', text, title: text, xmlUrl, htmlUrl, language })
}
