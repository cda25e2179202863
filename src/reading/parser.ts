import { createRequire } from 'node:module'
import Parser from 'rss-parser'
import { type Family, headFields, itemFields } from './names.ts'

/** What stands in an element: its text, or an object of `_` its text, `$` its attributes, and the elements in it. */
export type Value = string | { _?: string; $?: Record<string, string>; [name: string]: unknown }

/** An element's fields by name, each as often as it stood there; `$` is its attributes. */
export type Fields = Record<string, Value[]> & { $?: Record<string, string> }

// What it makes of every text beside the text is quadratic in the number of `<`, and nobody asks for it here.
createRequire(import.meta.url)('rss-parser/lib/utils').getSnippet = () => ''

/** What every element holds that may hold nothing else: the parser makes a string of those, and strings have a `link`. */
export const FILLER = '<n/>'

type Kept = { name: string; key: string }

// Every value of a field, beside the parser's own choice of one.
const OF_HEAD: Kept[] = headFields.map((name) => ({ name, key: `every ${name}` }))
const OF_ITEM: Kept[] = ['$', ...itemFields].map((name) => ({ name, key: `every ${name}` }))

/** Reads a document with only a head. */
export async function parseHead(family: Family, xml: string): Promise<Fields> {
  return fieldsOf(await parse(family, xml), OF_HEAD)
}

/** Reads items as `entries()` writes them, together; throws what the parser throws. */
export async function parseItems(family: Family, xml: string[]): Promise<Fields[]> {
  const { items } = await parse(family, xml.join('\n'))
  return items.map((item) => fieldsOf(item, OF_ITEM))
}

async function parse(family: Family, xml: string) {
  const parser = new Parser({
    defaultRSS: 2,
    customFields: { feed: kept(OF_HEAD), item: kept(OF_ITEM) },
  } as ConstructorParameters<typeof Parser>[0])
  return parser.parseString(
    family === 'atom' ? `<feed>${FILLER}${xml}</feed>` : `<rss version="2.0"><channel>${FILLER}${xml}</channel></rss>`,
  )
}

function kept(fields: Kept[]): unknown[] {
  return fields.map(({ name, key }) => [name, key, { keepArray: true }])
}

function fieldsOf(parsed: object, kept: Kept[]): Fields {
  const fields: Fields = Object.create(null)
  for (const { name, key } of kept) {
    const value = (parsed as Record<string, unknown>)[key]
    if (Array.isArray(value) || (name === '$' && value)) fields[name] = value as Value[]
  }
  return fields
}
