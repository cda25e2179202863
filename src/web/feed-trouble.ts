import type { App } from '../app.ts'
import * as feedHealth from '../feed-health/index.ts'

/** A feed's name (`all.rss`) and since when it cannot be built, in milliseconds of the monotonic clock; `kept`: an old one is served. */
export type Trouble = { feed: string; since: number; kept: boolean }

const SHOWN = 600_000 // ms that a feed without any document counts: a name that nobody asks for again would count for ever
const PAUSE = 60_000 // ms before the articles of a channel are looked through again
const MOST = 1000

const watched = new WeakMap<App, () => Trouble[]>()
const blamed = new WeakMap<App, Map<string, { at: number; articles: Promise<feedHealth.Culprit[]> }>>()

/** Lets `troubled` see the documents of this process. */
export function watch(app: App, troubles: () => Trouble[]): void {
  watched.set(app, troubles)
}

/** The feeds that readers get as they were, or not at all, because they cannot be built. */
export function troubled(app: App): string[] {
  const troubles = watched.get(app)?.() ?? []
  return troubles.filter(({ kept, since }) => kept || performance.now() - since < SHOWN).map(({ feed }) => feed)
}

/** Says in the log that a feed could not be built, and because of which articles. */
export async function tell(
  app: App,
  slug: string,
  { feed, kept, error }: { feed: string; kept: boolean; error: unknown },
): Promise<void> {
  const articles = await culprits(app, slug)
  app.log.error('a feed could not be built', { feed, error, kept, ...(articles.length > 0 && { articles }) })
}

/** Looked for at most once a minute: while it fails a feed is tried every second. */
function culprits(app: App, slug: string): Promise<feedHealth.Culprit[]> {
  const known = blamed.get(app) ?? new Map()
  blamed.set(app, known)
  const last = known.get(slug)
  if (last && performance.now() - last.at < PAUSE) return last.articles
  if (known.size >= MOST) known.clear()
  const articles = feedHealth.culprits(app, slug).catch(() => []) // the database fails, and that is what the log says
  known.set(slug, { at: performance.now(), articles })
  return articles
}
