import { languageTag } from '../locale.ts'
import { Problem } from '../problem.ts'
import { clean, fold, httpUrl, oneLine, wellFormed } from '../text.ts'
import type { Said } from './said.ts'

/** What an article says as the fields of a form: tags and authors are divided by commas. */
export type Fields = Record<(typeof FIELDS)[number], string>

export const FIELDS = ['title', 'summary', 'body', 'language', 'section', 'tags', 'authors', 'credit', 'url'] as const

const LONGEST: Record<keyof Fields, number> = {
  ...{ title: 2000, summary: 10_000, body: 2_000_000, language: 35, section: 300, tags: 4000, authors: 2000 },
  ...{ credit: 500, url: 2000 },
}
const LONGEST_OTHER = 2000
const MOST_LABELS = 50
const LONGEST_LABEL = 2000 // bytes: PostgreSQL's indexes take no more than 2,700 in a row

/** The fields that show what an article says. */
export function fieldsOf(said: Said): Fields {
  const { title, summary = '', body_html, language, section = '', tags = [], authors = [], credit = '', url = '' } = said
  const comma = /^(ar|fa|ur|ckb|ps|ug)\b/.test(language) ? '، ' : ', '
  return { title, summary, body: body_html, language, section, tags: tags.join(comma), authors: authors.join(comma), credit, url }
} // biome-ignore format: one line

/**
 * What the fields say, checked and cleaned. A field that still shows what it showed `before` means the same as before, to the
 * byte, whatever a form does to the ends of lines. A Problem for what nobody can publish.
 */
export function saidIn(fields: Fields, base: string, before?: Said): Omit<Said, 'published_at' | 'image'> {
  refuseLong(fields)
  const was = before && fieldsOf(before)
  const as = <T>(name: keyof Fields, kept: T | undefined, fresh: () => T): T =>
    was && even(fields[name]) === even(was[name]) ? (kept as T) : fresh()
  const line = (name: keyof Fields) => oneLine(fields[name]) || undefined
  const summary = as('summary', before?.summary, () => line('summary'))
  const section = as('section', before?.section, () => label(line('section')))
  const credit = as('credit', before?.credit, () => line('credit'))
  const url = as('url', before?.url, () => address(fields.url))
  return {
    title: as('title', before?.title, () => titleOf(fields.title)),
    body_html: as('body', before?.body_html, () => clean(even(fields.body), base)),
    language: as('language', before?.language, () => languageTag(fields.language)),
    tags: as('tags', before?.tags, () => labels(fields.tags)),
    authors: as('authors', before?.authors, () => labels(fields.authors)),
    ...(summary !== undefined && { summary }),
    ...(section !== undefined && { section }),
    ...(credit !== undefined && { credit }),
    ...(url !== undefined && { url }),
  }
}

/** A Problem where one of these fields, or of those that a form may have beside them, is longer than anybody can publish. */
export function refuseLong(fields: Record<string, string>): void {
  const others: Record<string, number> = LONGEST
  for (const [name, text] of Object.entries(fields)) {
    const most = others[name] ?? LONGEST_OTHER
    if (text.length > most) throw new Problem('text-too-long', { name, most })
  }
}

/** A form sends the end of a line as CR LF, whatever stood there. */
function even(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

function titleOf(text: string): string {
  const title = oneLine(text)
  if (!title) throw new Problem('title-empty')
  return title
}

function address(text: string): string | undefined {
  if (!text.trim()) return undefined
  const url = httpUrl(text)
  if (!url) throw new Problem('bad-url', { value: wellFormed(text).slice(0, 200) })
  return url
}

function labels(text: string): string[] {
  const names = text.split(/[,،;؛\n]/).flatMap((name) => label(oneLine(name) || undefined) ?? [])
  return [...new Set(names)].slice(0, MOST_LABELS)
}

function label(name: string | undefined): string | undefined {
  if (name !== undefined && Buffer.byteLength(fold(name) || name) > LONGEST_LABEL)
    throw new Problem('text-too-long', { name: name.slice(0, 20), most: LONGEST_LABEL })
  return name
}
