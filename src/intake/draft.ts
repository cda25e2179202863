import type { Instant } from '../../db/instant.ts'
import type { Draft } from '../articles/index.ts'
import { languageTag } from '../locale.ts'
import type { Item } from '../reading/index.ts'
import type { Site } from '../site.ts'
import type { Source } from '../sources/source.ts'
import { excerpt, fold, oneLine, plain } from '../text.ts'
import { articleGuid } from './keys.ts'
import type { Row } from './rows.ts'

const AN_HOUR = 60 * 60 * 1000
const LONGEST_BODY = 2_000_000 // letters; beyond, the story leads to its source
const LONGEST_TITLE = 500 // letters
const LONGEST_LABEL = 2000 // bytes
const MOST_LABELS = 50
const LONGEST_SUMMARY = 5000 // letters
const BEGINNING = 20_000 // letters of HTML in which a summary may stand
const WORDS = { title: 12, teaser: 60 }

/** An item as the article it is to be, as its source is set; `at` is when it was read. */
export function draftOf(source: Source, item: Item, paper: Site, at: Instant): Draft {
  const language = languageOf(item, source, paper)
  const credit = creditOf(source)
  const body = source.body === 'link' || item.html.length > LONGEST_BODY ? '' : item.html
  const summary = summaryOf(item, body, language)
  const section = labels([source.section ?? item.section ?? ''])[0]
  const published_at = dateOf(item, at)
  const updated_at = item.updated_at !== undefined && item.updated_at <= at ? item.updated_at : undefined
  return {
    source_id: source.id,
    guid: articleGuid(item.guid),
    title: titleOf(item, language),
    body_html: body,
    language,
    tags: labels(source.section ? [...besides(item.section, source.section), ...item.tags] : item.tags),
    authors: labels(item.authors),
    ...(published_at !== undefined && { published_at }),
    ...(updated_at !== undefined && { updated_at }),
    ...(summary && { summary }),
    ...(section && { section }),
    ...(credit && { credit }),
    ...(item.link && { url: item.link }),
    ...(item.image && { image: item.image }),
  }
}

/** The date that an item gives itself; none that lies ahead. */
export function dateOf(item: Item, at: Instant): Instant | undefined {
  return item.published_at !== undefined && item.published_at <= at ? item.published_at : undefined
}

/** Whether an item is dated anew; to the hour in which it was read alone is no news, as some sites do so always. */
export function redated(row: Pick<Row, 'dated_at'>, item: Item, at: Instant): boolean {
  const date = dateOf(item, at)
  if (date === undefined || date === row.dated_at) return false
  return row.dated_at === null || at - date > AN_HOUR
}

/** What a source is called to readers. */
export function nameOf(source: Pick<Source, 'credit' | 'title' | 'home' | 'url'>): string {
  return oneLine(source.credit ?? '') || oneLine(source.title) || hostOf(source.home) || hostOf(source.url)
}

/** An editor's credit, else a partner's name; the newsroom's own site is no source that is to be named. */
function creditOf(source: Source): string {
  return source.relation === 'own' ? oneLine(source.credit ?? '') : nameOf(source)
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host.replace(/^www\./, '') : ''
}

function languageOf(item: Item, source: Source, paper: Site): string {
  for (const tag of [item.language, source.language]) {
    try {
      if (tag) return languageTag(tag)
    } catch {} // what a stranger calls a language may be none
  }
  return paper.language
}

/** Its title, or the first words of what it says. */
function titleOf(item: Item, language: string): string {
  const title =
    oneLine(item.title) || excerpt(item.summary || plain(item.html.slice(0, BEGINNING)), language, WORDS.title)
  return cut(oneLine(title) || item.link || articleGuid(item.guid), LONGEST_TITLE)
}

/**
 * Its summary, unless it is only how the text begins; of a story that leads to its source something to read in any case,
 * but not the whole of it.
 */
function summaryOf(item: Item, body: string, language: string): string {
  const summary = cut(oneLine(item.summary ?? ''), LONGEST_SUMMARY)
  if (body) return summary && !begins(body, summary) ? summary : ''
  return summary ? excerpt(summary, language, WORDS.teaser) : excerpt(plain(item.html.slice(0, BEGINNING)), language)
}

function begins(body: string, summary: string): boolean {
  const said = fold(summary.replace(/[\s[(]*(…|\.\.\.|&hellip;)?[\])\s]*$/, ''))
  return fold(plain(body.slice(0, BEGINNING))).startsWith(said)
}

/** The section that an item names, where the editor has set another one. */
function besides(section: string | undefined, instead: string): string[] {
  return section && fold(section) !== fold(instead) ? [section] : []
}

/** Names as both databases take them. */
function labels(names: string[]): string[] {
  const lines = [...new Set(names.map(oneLine).filter(Boolean))].slice(0, MOST_LABELS)
  return lines.filter((line) => Buffer.byteLength(fold(line) || line) <= LONGEST_LABEL)
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`
}
