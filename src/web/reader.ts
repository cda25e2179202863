import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import { paper } from './pages.ts'
import { confirming, joining } from './reader-joining.ts'
import { leaving } from './reader-leaving.ts'
import { refusalPage } from './reader-pages.ts'
import { preferring } from './reader-preferences.ts'

/** The reader's own pages; `language` is what the one who asks reads, as far as it is known. */
export type Reader = Hono<{ Variables: { language: string | undefined } }>

const LARGEST = 64 * 1024

const PATHS = ['/subscribe', '/subscribe/*', '/confirm/:token', '/unsubscribe/:token', '/preferences/*']

/** Nobody else may see, keep or learn the address of a reader's own page. */
const PERSONAL = {
  'Cache-Control': 'no-store, private',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex, nofollow',
}

/** The reader's own pages: joining, confirming, choosing, leaving. GET and HEAD never change anything. */
export function reader(app: App): Hono {
  const pages: Reader = new Hono()
  for (const path of PATHS) {
    pages.use(path, async (c, next) => {
      await next()
      for (const [name, value] of Object.entries(PERSONAL)) c.res.headers.set(name, value)
    })
    pages.use(path, bodyLimit({ maxSize: LARGEST, onError: () => Promise.reject(new Problem('form-too-large')) }))
  }
  joining(app, pages)
  confirming(app, pages)
  preferring(app, pages)
  leaving(app, pages)
  pages.onError(async (error, c) => {
    if (!(error instanceof Problem)) throw error
    const known = await paper(app)
    if (error.status === 429) c.header('Retry-After', '3600')
    return c.html(refusalPage(known, c.get('language') ?? known.language, error), error.status)
  })
  return pages as unknown as Hono
}
