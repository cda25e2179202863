import { build, type Format, formats, type Input } from '../syndication/index.ts'
import type { Problem } from './problems.ts'
import { type ReadEntry, type Reading, readDocument } from './reading.ts'

/** An article that a document had to do without, and why. */
export type LeftOut = { id: string; reason: string }

const ABSOLUTE = /^(?:https?:\/\/[^\s/]|tag:|urn:)\S+$/iu
const WEB = /^https?:\/\/[^\s/]\S*$/iu
const EARLIEST = -2e12 // 1906 and 2103, as for what goes in
const LATEST = 4.2e12

/** Builds the three documents, reads each as a reader would and says what is wrong with it. */
export function examine(input: Input): { problems: Problem[]; leftOut: LeftOut[] } {
  const problems: Problem[] = []
  const leftOut = new Map<string, LeftOut>()
  for (const format of formats) {
    const body = attempt(problems, 'unbuildable', format, () => {
      const document = build(input, format)
      for (const one of document.leftOut) leftOut.set(`${one.id} ${one.reason}`, one)
      return document.body.toString()
    })
    if (body === undefined) continue
    const reading = attempt(problems, 'malformed', format, () => readDocument(body, format))
    if (reading) problems.push(...faults(reading, format))
  }
  return { problems, leftOut: [...leftOut.values()] }
}

function attempt<T>(
  problems: Problem[],
  code: 'unbuildable' | 'malformed',
  format: Format,
  work: () => T,
): T | undefined {
  try {
    return work()
  } catch (error) {
    problems.push({ code, level: 'error', format, reason: (error as Error).message })
    return undefined
  }
}

type Rule = 'head' | 'id' | 'twice' | 'link' | 'date' | 'language' | 'enclosure'

/** One problem for each rule that a document breaks: how often, and where first. */
function faults(reading: Reading, format: Format): Problem[] {
  const broken = new Map<Rule, { n: number; entry: string }>()
  const note = (rule: Rule, entry: string) => {
    const before = broken.get(rule)
    broken.set(rule, { n: (before?.n ?? 0) + 1, entry: before?.entry ?? entry })
  }
  for (const rule of headFaults(reading, format)) note(rule, '')
  const ids = new Set<string>()
  for (const entry of reading.entries) {
    for (const rule of entryFaults(entry, reading.language)) note(rule, entry.id ?? '')
    if (ids.has(entry.id ?? '')) note('twice', entry.id ?? '')
    ids.add(entry.id ?? '')
  }
  return [...broken].map(([rule, { n, entry }]) => ({ code: 'profile', level: 'error', format, rule, n, entry }))
}

function headFaults({ id, title, link, language, updated }: Reading, format: Format): Rule[] {
  const found: Rule[] = []
  if (!title?.trim() || (format === 'atom' && !ABSOLUTE.test(id ?? ''))) found.push('head')
  if (!WEB.test(link ?? '')) found.push('link')
  if (format === 'json' ? false : !isDate(updated)) found.push('date')
  if (!isLanguage(language)) found.push('language')
  return found
}

function entryFaults({ id, link, language, dates, enclosures }: ReadEntry, inherited: string | undefined): Rule[] {
  const found: Rule[] = []
  if (!ABSOLUTE.test(id ?? '')) found.push('id')
  if (!WEB.test(link ?? '')) found.push('link')
  if (!dates.every(isDate)) found.push('date')
  if (!isLanguage(language ?? inherited)) found.push('language')
  const whole = enclosures.every(
    ({ url, type, length }) =>
      WEB.test(url ?? '') && /^[\w.+-]+\/[\w.+-]+$/.test(type ?? '') && /^[1-9]\d*$/.test(length ?? ''),
  )
  if (!whole) found.push('enclosure')
  return found
}

function isDate(text: string | undefined): boolean {
  const at = Date.parse(text ?? '')
  return at >= EARLIEST && at <= LATEST
}

function isLanguage(tag: string | undefined): boolean {
  try {
    return Intl.getCanonicalLocales(tag ?? '').length === 1
  } catch {
    return false
  }
}
