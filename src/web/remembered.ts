import type { MiddlewareHandler } from 'hono'
import type { App } from '../app.ts'

type Kept = { version: number; at: number; type: string; body: string }

const LONGEST = 10_000 // ms: a story's hour may come, and a day end, without anything being changed
const MOST = 500
const LARGEST = 200_000 // letters of one page
const IN_ALL = 20_000_000 // letters

/**
 * Keeps whole pages in memory while nothing that readers can see has changed, and never for long.
 *
 * The version is read before the page is made: one that changes meanwhile makes the page old at once, never wrong.
 */
export function remembered(app: App): MiddlewareHandler {
  const kept = new Map<string, Kept>()
  let letters = 0
  const drop = (path: string): void => {
    letters -= kept.get(path)?.body.length ?? 0
    kept.delete(path)
  }
  return async (c, next) => {
    const { version } = await app.read.selectFrom('site').select('version').executeTakeFirstOrThrow()
    const at = app.now().epochMilliseconds
    const known = kept.get(c.req.path)
    if (known?.version === version && known.at <= at && at - known.at < LONGEST) {
      return c.body(known.body, 200, { 'Content-Type': known.type })
    }
    await next()
    if (c.res.status !== 200) return undefined
    const page = { version, at, type: c.res.headers.get('Content-Type') ?? '', body: await c.res.clone().text() }
    drop(c.req.path)
    if (page.body.length > LARGEST) return undefined
    kept.set(c.req.path, page)
    letters += page.body.length
    while (kept.size > MOST || letters > IN_ALL) drop(kept.keys().next().value!)
    return undefined
  }
}
