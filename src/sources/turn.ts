import type { Actor, App } from '../app.ts'
import { Problem } from '../problem.ts'
import { follow } from '../wordpress/mirror.ts'
import { askFeed, type Outcome } from './asking.ts'
import { oneAtATime } from './gate.ts'
import type { Hold } from './hosts.ts'
import { askOlder } from './older.ts'
import { perWeekOf } from './pace.ts'
import type { Polled, Source } from './source.ts'
import { record } from './state.ts'

/**
 * One turn of a source that the caller holds: asks, takes, writes down. Whatever goes wrong is the source's own failure and
 * stands in its row; only who stops us, or takes the hold from us, changes nothing.
 */
export async function turn(app: App, actor: Actor, source: Source, hold: Hold, signal: AbortSignal): Promise<Polled> {
  const until = AbortSignal.any([signal, hold.lost])
  const outcome = await attempt(app, actor, source, hold, until)
  if (until.aborted && outcome.polled.status === 'error') return { status: 'error', error: 'we stopped' }
  tell(app, source, outcome)
  return oneAtATime(app, () => record(app, actor, source, outcome))
}

async function attempt(app: App, actor: Actor, source: Source, hold: Hold, signal: AbortSignal): Promise<Outcome> {
  try {
    if (source.kind !== 'wordpress')
      return await (source.cursor === null ? askFeed : askOlder)(app, actor, source, hold, signal)
    const {
      newUrl,
      retryAfter,
      report = {},
      ...polled
    } = await follow(app, actor, source, {
      signal,
      entering: hold.enter,
    })
    return {
      polled,
      report: { ...report, perWeek: await perWeekOf(app, source) },
      fresh: (report.added ?? 0) + (report.held ?? 0) + (report.also ?? 0) > 0,
      ...(retryAfter && { asked: retryAfter * 1000 }),
      ...(newUrl && { movedTo: newUrl }),
    }
  } catch (error) {
    if (isFull(error)) throw error // no fault of the source's
    if (error instanceof Problem) return { polled: { status: 'error', error: wordsOf(error) } }
    app.log.error('a source could not be read, by a fault of ours', { source: source.id, error })
    return { polled: { status: 'error', error: 'something of ours failed; the log tells what' } }
  }
}

function isFull(error: unknown): boolean {
  return /^(ENOSPC|EDQUOT|SQLITE_FULL|53100)$/.test((error as NodeJS.ErrnoException | null)?.code ?? '')
}

function wordsOf(problem: Problem): string {
  return String(problem.values['reason'] ?? problem.code)
}

/** The log hears of changes, not of each poll: the first failure, the end. */
function tell(app: App, source: Source, { polled }: Outcome): void {
  const details = { source: source.id, host: source.host, reason: polled.error }
  if (polled.status === 'gone') app.log.warn('a source has ended and is polled no more', details)
  else if (polled.error && source.failures === 0)
    app.log.info('a source cannot be read and will be asked again', details)
}
