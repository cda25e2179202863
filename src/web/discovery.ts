import { Hono } from 'hono'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import { Problem } from '../problem.ts'
import { cached } from './cached.ts'
import { newsSitemap } from './news-sitemap.ts'
import { articleMap, ownMap, sitemap } from './sitemap.ts'

const XML = 'application/xml; charset=utf-8'
const CACHE = 'public, max-age=600'
const PRIVATE = [
  '/subscribe', '/confirm/', '/preferences/', '/unsubscribe/', '/feeds/p/', '/r/', '/search', '/admin/', '/api/',
] // biome-ignore format: one list

/** What search engines ask for. */
export function discovery(app: App): Hono {
  const pages = new Hono()
  pages.get('/robots.txt', cached, (c) => c.text(robots(app.config.url)))
  pages.get('/news-sitemap.xml', cached, async (c) => c.body(await newsSitemap(app), 200, { 'Content-Type': XML }))
  pages.get('/sitemap.xml', async () => xml(await sitemap(app, instant(app.now()))))
  pages.get('/:file{sitemap-[0-9]{1,5}\\.xml}', async (c) => {
    const number = Number(c.req.param('file').slice('sitemap-'.length, -'.xml'.length))
    const now = instant(app.now())
    const map = number === 0 ? ownMap(app) : await articleMap(app, now, number)
    if (!map) throw new Problem('page-not-found')
    return xml(map)
  })
  return pages
}

function robots(base: string): string {
  const rules = PRIVATE.map((path) => `Disallow: ${path}`)
  return ['User-agent: *', ...rules, '', `Sitemap: ${base}/sitemap.xml`, `Sitemap: ${base}/news-sitemap.xml`, ''].join(
    '\n',
  )
}

/** An answer that is written as it is read from the database. */
function xml(pieces: AsyncIterable<string>): Response {
  const body = ReadableStream.from(pieces).pipeThrough(new TextEncoderStream())
  return new Response(body, { headers: { 'Content-Type': XML, 'Cache-Control': CACHE, Vary: 'Accept-Encoding' } })
}
