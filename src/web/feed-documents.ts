import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { atMost } from '../at-most.ts'
import type { LeftOut } from '../syndication/index.ts'
import { type Bytes, encoded } from './feed-bytes.ts'
import type { KnownPaper } from './feed-paper.ts'
import type { Target } from './feed-paths.ts'
import { type Source, sourceOf } from './feed-sources.ts'
import { openStore, type Stored } from './feed-store.ts'
import * as trouble from './feed-trouble.ts'

/** Where a document lies now: null for nowhere, undefined if it could not be seen to. */
type Found = string | null | undefined

/** Stored documents by their path (`/feeds/all.rss`). */
export type Documents = {
  /** What may be served at once; undefined if that has to be looked up. */
  ready(path: string): Bytes | undefined
  /** Whether a look-up would find nothing, as far as that is known without one. */
  missing(target: Target): boolean
  /** The document, null if there is nothing of that name, undefined if too much else is asked for just now; throws only if there has never been a good one. */
  fetch(target: Target): Promise<Bytes | null | undefined>
  close(): void
}

const MOST_BYTES = 48 * 1024 * 1024 // and a third more for what is asked for by made-up names
const PAUSE = 1000 // ms before a document that could not be built is tried again
const AT_ONCE = 2 // documents of made-up names that are built at the same time
const MOST_WAITING = 100

/**
 * Keeps the documents that are asked for, each built once per change, whoever made the change.
 *
 * While the database's version stands still nothing is read. When it has moved, a mark of what the document is made of says
 * whether it has to be built; if that fails, the last good one stays.
 */
export function openDocuments(
  app: App,
  paper: KnownPaper,
  report: (feed: string, leftOut: LeftOut[]) => void,
  mostBytes = MOST_BYTES,
): Documents {
  const stored = openStore(mostBytes)
  const running = new Map<string, Promise<Found>>()
  const failed = new Map<string, number>()
  const queue = openQueue()

  function isFresh({ freshUntil }: Stored): boolean {
    return freshUntil === null || instant(app.now()) < freshUntil
  }

  function ready(path: string): Bytes | undefined {
    const document = stored.get(path)
    if (!document) return undefined
    return (document.seen === paper.versionNow() && isFresh(document)) || resting(path) ? document.bytes : undefined
  }

  function missing(target: Target): boolean {
    const known = paper.known()
    if (target.kind !== 'channel' || known === undefined) return false
    return known.seen === paper.versionNow() && !known.channels.has(target.slug)
  }

  function resting(path: string): boolean {
    const since = failed.size > 0 ? failed.get(path) : undefined
    return since !== undefined && performance.now() - since < PAUSE
  }

  async function fetch(target: Target): Promise<Bytes | null | undefined> {
    await running.get(target.path)?.catch(() => {}) // may have begun before the change that brought us here
    const known = ready(target.path)
    if (known !== undefined) return known
    if (resting(target.path)) throw new Error('it failed a moment ago')
    const path = await bringUp(target)
    return path ? (stored.get(path)?.bytes ?? null) : (path as null | undefined)
  }

  /** One at a time per address: whoever comes meanwhile waits for the same. Answers where the document lies. */
  function bringUp(target: Target): Promise<Found> {
    let work = running.get(target.path)
    if (!work) {
      work = attempt(target).finally(() => running.delete(target.path))
      running.set(target.path, work)
    }
    return work
  }

  async function attempt(target: Target): Promise<Found> {
    try {
      const path = await refresh(target)
      failed.delete(target.path)
      return path
    } catch (error) {
      const kept = stored.get(target.path) !== undefined
      void trouble.tell(app, target.kind === 'channel' ? target.slug : '', { feed: nameOf(target.path), error, kept })
      if (failed.size > 1000) failed.clear() // names come from requests
      failed.set(target.path, performance.now())
      if (!kept) throw error
      return target.path
    }
  }

  async function refresh(target: Target): Promise<Found> {
    const now = await paper.current()
    const { seen, version } = now
    const asked = stored.get(target.path)
    if (asked?.version === version && isFresh(asked)) {
      asked.seen = seen
      return target.path
    }
    const source = await sourceOf(app, now, target)
    if (!source) {
      stored.delete(target.path)
      return null
    }
    const done = await queue(source.room, async () => {
      const old = stored.get(source.path)
      if (old && isFresh(old) && (old.version === version || old.mark === (await source.mark())))
        Object.assign(old, { seen, version })
      else await make(source, seen, version)
    })
    return done ? source.path : undefined
  }

  async function make(source: Source, seen: number, version: number): Promise<void> {
    const { document, mark } = await source.build()
    report(nameOf(source.path), document.leftOut)
    const bytes = await encoded(document, source.kept)
    stored.set(source.path, { bytes, seen, version, mark, freshUntil: document.freshUntil }, source.room)
  }

  trouble.watch(app, () =>
    [...failed].map(([path, since]) => ({ feed: nameOf(path), since, kept: stored.get(path) !== undefined })),
  )
  return { ready, missing, fetch, close: stored.clear }
}

/** Of what has made-up names a few are built at once, a number waits and the rest is turned away: false. */
function openQueue() {
  const gate = atMost(AT_ONCE)
  return async (room: Source['room'], work: () => Promise<void>): Promise<boolean> => {
    if (room === 'common' && gate.waiting() >= MOST_WAITING) return false
    await (room === 'common' ? gate.turn(work) : work())
    return true
  }
}

/** As logs call it: `all.rss`, without a reader's search words. */
function nameOf(path: string): string {
  return path.slice('/feeds/'.length).split('?', 1)[0]!
}
