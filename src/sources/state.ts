import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import { oneLine } from '../text.ts'
import type { Outcome } from './asking.ts'
import * as interval from './interval.ts'
import { address } from './settings.ts'
import type { Polled, Report, Source } from './source.ts'

const WEEK = 604_800_000
const LONGEST_REPORT = 10_000 // letters: health looks over these rows

/** Writes down how a turn went, and when the next one is due. Answers what the turn came to for who asked for it. */
export async function record(app: App, actor: Actor, source: Source, outcome: Outcome): Promise<Polled> {
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const moved = outcome.movedTo ? await move(db, actor, source, outcome.movedTo, at) : {}
    const pause = pauseAfter(source, outcome, at)
    await db
      .updateTable('source')
      .set({ polled_at: at, pause, ...columns(source, outcome, moved, at) })
      .where('id', '=', source.id)
      .execute()
    if (outcome.polled.status === 'gone') await end(db, actor, source, at)
    // Who was paused, or has ended, in the meantime is not woken by this.
    await db
      .updateTable('source')
      .set({ due_at: outcome.polled.again ? at : later(at, interval.jittered(pause)) })
      .where('id', '=', source.id)
      .where('paused_at', 'is', null)
      .where('ended_at', 'is', null)
      .execute()
    const { status } = outcome.polled
    return {
      ...outcome.polled,
      ...('url' in moved && { newUrl: moved.url }),
      ...(status === 'backoff' && { retryAfter: Math.ceil((outcome.asked || pause) / 1000) }),
    }
  })
}

function failed({ polled: { status } }: Outcome): boolean {
  return status === 'error' || status === 'backoff'
}

function pauseAfter(source: Source, outcome: Outcome, at: Instant): number {
  const { status } = outcome.polled
  const asked = outcome.asked ?? 0
  if (status === 'error') return interval.afterFailures(source.failures + 1)
  if (status !== 'backoff') return interval.usual(outcome.report?.perWeek ?? fading(source, at), asked)
  // The first time it knows best; who goes on refusing us is given more than it asks for.
  return asked && source.failures === 0 ? asked : Math.max(asked, interval.afterFailures(source.failures + 1))
}

/** What came in a week when something last came, and less the longer nothing has. */
function fading(source: Source, at: Instant): number {
  const { perWeek = 0 } = reportOf(source)
  return source.fresh_at === null ? perWeek : Math.min(perWeek, WEEK / Math.max(1, at - source.fresh_at))
}

function columns(source: Source, outcome: Outcome, moved: Moved, at: Instant) {
  const { polled, validators, title, home, fresh, report, cursor } = outcome
  if (failed(outcome)) return { failures: source.failures + 1, error: oneLine(polled.error ?? '').slice(0, 500) }
  if (polled.status === 'gone') return { failures: 0, error: polled.error ?? null }
  return {
    failures: 0,
    error: null,
    read_at: at,
    ...validators,
    ...(fresh && { fresh_at: at }),
    ...(cursor !== undefined && { cursor }),
    ...(report && { report: written({ ...report, ...('instead' in moved && { moved: moved.instead }) }) }),
    ...(title && !source.title && { title: oneLine(title).slice(0, 200) }),
    ...(home && !source.home && { home }),
    ...('url' in moved && { url: moved.url, host: new URL(moved.url).host }),
  }
}

/** The report of a source's row. */
export function reportOf(source: Source): Report {
  return JSON.parse(source.report) as Report
}

function written(report: Report): string {
  const whole = JSON.stringify(report)
  if (whole.length <= LONGEST_REPORT) return whole
  const { notes, ...figures } = report
  if (!notes) return JSON.stringify(figures)
  const few = {
    ...notes,
    dates: notes.dates.slice(0, 3),
    dropped: notes.dropped.slice(0, 5),
    mended: notes.mended.slice(0, 5),
  }
  const shorter = JSON.stringify({ ...figures, notes: few })
  return shorter.length <= LONGEST_REPORT ? shorter : JSON.stringify(figures)
}

/** Where a source is from now on, or why it stays where it was. */
type Moved = { url: string } | { instead: string } | Record<never, never>

/** Takes the address that a source names as its new one for good, unless it is another source's. */
async function move(db: Db, actor: Actor, source: Source, to: string, at: Instant): Promise<Moved> {
  const url = address(to)
  if (url === source.url) return {}
  const other = await db.selectFrom('source').select('id').where('url', '=', url).executeTakeFirst()
  if (other) return { instead: `it has moved to ${url}, which is source ${other.id} already` }
  await changes.record(db, actor, at, [
    { verb: 'source.move', subject: `source:${source.id}`, before: { url: source.url }, after: { url } },
  ])
  return { url }
}

async function end(db: Db, actor: Actor, source: Source, at: Instant): Promise<void> {
  const ended = await db
    .updateTable('source')
    .set({ ended_at: at, due_at: null })
    .where('id', '=', source.id)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  if (ended) await changes.record(db, actor, at, [{ verb: 'source.end', subject: `source:${source.id}` }])
}
