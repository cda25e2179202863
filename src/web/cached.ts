import type { MiddlewareHandler } from 'hono'
import { every } from 'hono/combine'
import { etag } from 'hono/etag'

/**
 * For a route whose answer is the same for everybody: caches may keep it for a minute and ask whether it changed.
 *
 * Put on each route and never on `*`: what is mounted at `/` later would be behind it too, personal pages among it.
 */
export const cached: MiddlewareHandler = every(etag({ weak: true }), async (c, next) => {
  await next()
  if (c.res.status >= 400) return
  c.header('Cache-Control', 'public, max-age=60')
  c.header('Vary', 'Accept-Encoding')
})
