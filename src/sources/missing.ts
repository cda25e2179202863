import type { Actor, App } from '../app.ts'
import * as fetching from '../fetching/index.ts'
import * as intake from '../intake/index.ts'
import { Problem } from '../problem.ts'
import { oneAtATime } from './gate.ts'
import type { Hold } from './hosts.ts'
import type { Source } from './source.ts'

const IN_ONE_POLL = 5
const PATIENCE = 10_000 // ms for all of them: a poll ends within 30 s
const LITTLE = 2_000_000 // bytes of a page whose status is all that matters

/**
 * Asks the pages of stories that a feed no longer carries whether they are gone, few at a time; those that answer 404 or 410
 * are withdrawn. Answers how many were.
 */
export async function askForMissing(
  app: App,
  actor: Actor,
  source: Source,
  missing: { key: string; link: string }[],
  hold: Hold,
  signal: AbortSignal,
): Promise<number> {
  const gone: string[] = []
  const until = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)])
  for (const { key, link } of missing.slice(0, IN_ONE_POLL)) {
    if (until.aborted) break
    if (await isGone(app, link, hold, until)) gone.push(key)
  }
  return gone.length > 0 ? oneAtATime(app, () => intake.gone(app, actor, source, gone)) : 0
}

/** A page that cannot be asked is not known to be gone. */
async function isGone(app: App, link: string, hold: Hold, signal: AbortSignal): Promise<boolean> {
  const wanted = { signal, entering: hold.enter, mostBytes: LITTLE }
  try {
    const { status } = await fetching.get(app, link, { ...wanted, method: 'HEAD' })
    if (status !== 404 && status !== 405 && status !== 501) return status === 410
    // Some servers know no HEAD, and say so in their own ways.
    return [404, 410].includes((await fetching.get(app, link, wanted)).status)
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}
