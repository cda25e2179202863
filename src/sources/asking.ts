import { type Instant, instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import * as fetching from '../fetching/index.ts'
import * as intake from '../intake/index.ts'
import { Problem } from '../problem.ts'
import * as reading from '../reading/index.ts'
import * as site from '../site.ts'
import { oneLine } from '../text.ts'
import { audience } from './audience.ts'
import { oneAtATime } from './gate.ts'
import type { Hold } from './hosts.ts'
import * as interval from './interval.ts'
import { askForMissing } from './missing.ts'
import type { Polled, Report, Source } from './source.ts'

/** What one turn came to, for the row of its source. Times in ms; `validators` go with what has been taken. */
export type Outcome = {
  polled: Polled
  /** How long it asks to be left alone. */
  asked?: number
  report?: Report
  fresh?: boolean
  validators?: { etag: string | null; last_modified: string | null }
  movedTo?: string
  title?: string
  home?: string
  /** How far a back-fill has come; null when it is over. */
  cursor?: string | null
}

/** What we take for a feed. */
export const ACCEPT =
  'application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5'
const LONGEST_VALIDATOR = 2000
export const PATIENCE = 20_000 // ms for a whole answer: with reading it a poll ends within 30 s

/**
 * Asks for a source's feed and takes what is new in it. Throws Problem `fetch-failed` or `feed-unreadable` where there is
 * nothing to be had.
 */
export async function askFeed(
  app: App,
  actor: Actor,
  source: Source,
  hold: Hold,
  signal: AbortSignal,
): Promise<Outcome> {
  const { etag, last_modified } = source
  const answer = await fetching.get(app, source.url, {
    accept: ACCEPT,
    patience: PATIENCE,
    signal,
    entering: hold.enter,
    subscribers: await audience(app),
    ...(etag && { etag }),
    ...(last_modified && { lastModified: last_modified }),
  })
  const now = instant(app.now())
  const asked = interval.freshness(answer, now)
  const moved = answer.movedTo !== undefined && { movedTo: answer.movedTo }
  if (answer.status === 200 || answer.status === 203)
    return { ...(await taken(app, actor, source, answer, hold, signal)), ...moved }
  if (answer.status === 304 && (etag || last_modified)) return { polled: { status: 'notmodified' }, asked, ...moved }
  if (answer.status === 410 && (answer.url === source.url || answer.url === answer.movedTo))
    return { polled: { status: 'gone', error: WORDS[410]! } }
  if (answer.status === 429 || answer.status === 503)
    return { polled: { status: 'backoff', error: WORDS[answer.status]! }, asked: interval.retryAfter(answer, now) ?? 0 }
  throw refusedBy(answer)
}

/** What an answer without a document says, as the Problem that it is. */
export function refusedBy(answer: fetching.Fetched): Problem {
  return refusal(answer, WORDS[answer.status] ?? unknown(answer.status))
}

const WORDS: Record<number, string> = {
  304: 'it says that nothing has changed although we have nothing of it yet (304)',
  401: 'it wants a user and a password (401)',
  403: 'it does not let us in (403)',
  404: 'there is nothing at this address (404)',
  410: 'it says that it has ended (410)',
  429: 'it asks us to come less often (429)',
  451: 'it may not be read for legal reasons (451)',
  503: 'it is out of service for now (503)',
}

function unknown(status: number): string {
  return status >= 500 ? `its server has a fault (${status})` : `it answers with the status ${status}`
}

function refusal(answer: fetching.Fetched, reason: string): Problem {
  return new Problem('fetch-failed', { host: new URL(answer.url).host, reason })
}

/** Reads the document, takes its stories and asks about those that are missing from it. */
async function taken(
  app: App,
  actor: Actor,
  source: Source,
  answer: fetching.Fetched,
  hold: Hold,
  signal: AbortSignal,
): Promise<Outcome> {
  const now = instant(app.now())
  const document = await understood(app, source, answer)
  const { items, deleted } = document
  const done = await oneAtATime(app, () =>
    intake.take(app, actor, named(source, document), { items, deleted, first: source.read_at === null, window: true }),
  )
  const withdrawn = done.withdrawn + (await askForMissing(app, actor, source, done.missing, hold, signal))
  const { added, revised, held, also } = done
  const fresh = added + held + also > 0
  const dates = items.flatMap((item) => item.published_at ?? [])
  const perWeek = interval.weekly(dates, now) ?? guessed(source, fresh)
  return {
    polled: { status: 'ok' },
    asked: Math.max(interval.freshness(answer, now), document.ttl ?? 0),
    fresh,
    report: { notes: document.notes, items: items.length, added, revised, held, also, withdrawn, perWeek },
    validators: done.suspected > 0 ? NONE : validatorsOf(answer),
    title: document.title,
    ...(document.home && { home: document.home }),
    ...older(source, document.next),
  }
}

/** The source under the name that its document gives it: stories of the first reading say already where they come from. */
function named(source: Source, { title, home = '' }: reading.Document): Source {
  return { ...source, title: source.title || oneLine(title).slice(0, 200), home: source.home || home }
}

/** The newsroom's own feed is followed to its oldest page when it is read for the first time. */
function older(source: Source, next: string | undefined) {
  if (source.relation !== 'own' || source.read_at !== null || !next) return {}
  return { polled: { status: 'ok' as const, again: true }, cursor: JSON.stringify({ next, seen: [source.url] }) }
}

type Spelling = Pick<Source, 'charset' | 'language' | 'date_order' | 'zone'>

/** A document as it is to be read for this source. Throws Problem `feed-unreadable`. */
export async function understood(app: App, source: Spelling, answer: fetching.Fetched): Promise<reading.Document> {
  return reading.read(answer.body, await originOf(app, source, answer, instant(app.now())))
}

/** Of a feed without dates: as one that brings something every few hours if it just has, else less each time. */
function guessed(source: Source, fresh: boolean): number {
  const before = (JSON.parse(source.report) as Report).perWeek ?? 0
  return fresh ? Math.max(28, before) : before / 1.5
}

async function originOf(app: App, source: Spelling, answer: fetching.Fetched, now: Instant): Promise<reading.Origin> {
  const { charset, language, date_order } = source
  const contentType = answer.headers['content-type']
  return {
    url: answer.url,
    ...(contentType && { contentType }),
    ...(charset && { charset }),
    ...(language && { language }),
    zone: source.zone ?? (await site.show(app, app.read)).zone,
    dateOrder: date_order as reading.Origin['dateOrder'],
    now,
  }
}

/** With these the next answer is a document again: only that tells whether what is missing was so by mistake. */
const NONE = { etag: null, last_modified: null }

function validatorsOf({ headers }: fetching.Fetched): { etag: string | null; last_modified: string | null } {
  return { etag: validator(headers['etag']), last_modified: validator(headers['last-modified']) }
}

/** A validator as it came; one that is not worth its length is none. */
function validator(header: string | undefined): string | null {
  return header && header.length <= LONGEST_VALIDATOR ? header : null
}
