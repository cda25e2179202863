import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { App } from '../app.ts'
import * as bounces from '../bounces/index.ts'
import { sentence } from '../locale.ts'
import { Problem } from '../problem.ts'

const LARGEST = 2_000_000 // bytes: the largest batch that a provider posts, and more

/**
 * Where mail providers report to. A signature stands for whoever posts, so there is neither cookie nor form here; the body is
 * kept as it came, because that is what was signed.
 */
export function providerHooks(app: App): Hono {
  const pages = new Hono()
  pages.use(
    '/hooks/:provider',
    bodyLimit({ maxSize: LARGEST, onError: () => Promise.reject(new Problem('form-too-large')) }),
  )
  pages.post('/hooks/:provider', async (c) => {
    const body = Buffer.from(await c.req.arrayBuffer())
    const told = await bounces.hear(app, c.req.param('provider'), { header: (name) => c.req.header(name), body })
    return c.json(told)
  })
  pages.onError((error, c) => {
    if (!(error instanceof Problem)) throw error
    const status = error.code === 'fetch-failed' ? 502 : error.status // what cannot be checked now: they come again
    return c.json({ problem: error.code, text: sentence('en', error) }, status)
  })
  return pages
}
