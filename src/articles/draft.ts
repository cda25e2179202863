import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Instant } from '../../db/instant.ts'
import { languageTag } from '../locale.ts'
import { clean, fold, httpUrl, oneLine, plain } from '../text.ts'

/** What somebody wants published: checked, cleaned, and of the lengths that both databases and all readers bear. */
export type Draft = {
  source_id?: number
  guid: string
  title: string
  body_html: string
  language: string
  /** Left out: now for a new article, what it was for a known one. */
  published_at?: Instant
  updated_at?: Instant
  summary?: string
  section?: string
  tags?: string[]
  authors?: string[]
  credit?: string
  url?: string
  /** `id`: a picture that we keep; never from a row, where it would be somebody's claim. */
  image?: { url?: string; id?: number; alt?: string; caption?: string; credit?: string }
}

/** The paper's language and zone, for rows that do not say. */
export type Defaults = { language: string; zone: string }

const text = (most: number) => z.string().max(most)
const words = z.union([text(2000), z.array(text(300)).max(50)])
const when = z.union([z.string().max(60), z.number().int()])

/** One line of an import, as the contract has it. Unknown keys are let pass: exports of other systems carry many. */
const Row = z.object({
  guid: text(1000).nullish(),
  title: text(2000),
  body_html: text(2_000_000).nullish(),
  summary: text(10_000).nullish(),
  language: text(35).nullish(),
  section: text(300).nullish(),
  tags: words.nullish(),
  byline: words.nullish(),
  credit: text(500).nullish(),
  url: text(2000).nullish(),
  image: z
    .union([
      text(2000),
      z.object({
        url: text(2000).nullish(),
        alt: text(1000).nullish(),
        caption: text(2000).nullish(),
        credit: text(500).nullish(),
      }),
    ])
    .nullish(),
  published_at: when.nullish(),
  updated_at: when.nullish(),
})

/** A row of an import as a draft, or why it cannot be one: a reason in a few English words. */
export function readRow(row: unknown, defaults: Defaults): { draft: Draft } | { reason: string } {
  const read = Row.safeParse(row)
  if (!read.success) {
    const issue = read.error.issues[0]!
    return { reason: issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message }
  }
  const { data } = read
  const title = oneLine(data.title)
  const url = data.url ? httpUrl(data.url) : undefined
  const guid = (data.guid ?? data.url ?? '').trim()
  if (!title) return { reason: 'title: it is empty' }
  if (!guid || /[\p{Cc}\p{Cs}]/u.test(guid)) return { reason: 'guid: it is missing or holds control characters' }
  if (!indexable(guid)) return { reason: `guid: it is longer than ${LONGEST_KEY} bytes` }
  if (data.url && !url && !data.guid) return { reason: 'url: it is not an http(s) address' }
  let language: string
  try {
    language = languageTag(data.language || defaults.language)
  } catch {
    return { reason: `language: «${data.language}» is not a language tag like ar, tr or en-GB` }
  }
  const published = data.published_at == null ? undefined : instantOf(data.published_at, defaults.zone)
  const updated = data.updated_at == null ? undefined : instantOf(data.updated_at, defaults.zone)
  if (data.published_at != null && published === undefined) return { reason: `published_at: ${datesAre}` }
  if (data.updated_at != null && updated === undefined) return { reason: `updated_at: ${datesAre}` }
  const tags = names(typeof data.tags === 'string' ? data.tags.split(/[,،;؛]/) : data.tags)
  const authors = names(typeof data.byline === 'string' ? [data.byline] : data.byline)
  const long = Object.entries({ section: [data.section ?? ''], tags, byline: authors }).find(
    ([, labels]) => !labels.every((label) => indexable(fold(label) || label)),
  )
  if (long) return { reason: `${long[0]}: it is longer than ${LONGEST_KEY} bytes` }
  const image = readImage(data.image, url)
  return {
    draft: {
      guid,
      title,
      body_html: clean(data.body_html ?? '', url),
      language,
      ...(published !== undefined && { published_at: published }),
      ...(updated !== undefined && { updated_at: updated }),
      ...optionalLine('summary', data.summary == null ? data.summary : plain(data.summary)),
      ...optionalLine('section', data.section),
      ...optionalLine('credit', data.credit),
      tags,
      authors,
      ...(url && { url }),
      ...(image && { image }),
    },
  }
}

const LONGEST_KEY = 2000 // bytes: PostgreSQL's indexes take no more than 2,700 in a row

function indexable(key: string): boolean {
  return Buffer.byteLength(key) <= LONGEST_KEY
}

const SECONDS = 1e11 // a lesser number is one of seconds since 1970: as milliseconds it would be 1973 at the latest
const datesAre =
  'give a date like 2025-12-04T08:00:00+03:00, 2025-12-04T08:00, 2025-12-04 or milliseconds since 1970 (not seconds)'

/** ISO 8601 with an offset, without one (the paper's zone), a day (its start there), or milliseconds since 1970. */
function instantOf(value: string | number, zone: string): Instant | undefined {
  const moment = typeof value === 'number' ? value : isoInstant(value.trim(), zone)
  if (typeof value === 'number' && Math.abs(value) < SECONDS) return undefined
  const sane = moment !== undefined && moment > -2e12 && moment < 4.2e12 // 1906 to 2103: beyond is a wrong unit
  return sane ? (moment as Instant) : undefined
}

function isoInstant(value: string, zone: string): number | undefined {
  try {
    return Temporal.Instant.from(value.replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, '$1T')).epochMilliseconds
  } catch {
    try {
      return Temporal.PlainDateTime.from(value).toZonedDateTime(zone).epochMilliseconds
    } catch {
      return undefined
    }
  }
}

type Image = Exclude<z.infer<typeof Row>['image'], string>

function readImage(image: z.infer<typeof Row>['image'], base: string | undefined): Draft['image'] {
  if (!image) return undefined
  const given: NonNullable<Image> = typeof image === 'string' ? { url: image } : image
  const url = given.url ? httpUrl(given.url, base) : undefined
  if (!url) return undefined
  return {
    url,
    ...optionalLine('alt', given.alt),
    ...optionalLine('caption', given.caption),
    ...optionalLine('credit', given.credit),
  }
}

function optionalLine<K extends string>(key: K, value: string | null | undefined): Partial<Record<K, string>> {
  const line = value == null ? '' : oneLine(value)
  return (line ? { [key]: line } : {}) as Partial<Record<K, string>>
}

/** Names as single lines, each once. */
function names(list: string[] | null | undefined): string[] {
  return [...new Set((list ?? []).map(oneLine).filter(Boolean))]
}

/** What tells a revised draft from the same one again. */
export function fingerprint(draft: Draft): string {
  const sorted = Object.entries(draft).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 22)
}
