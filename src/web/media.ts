import { readFile } from 'node:fs/promises'
import { Hono } from 'hono'
import type { App } from '../app.ts'
import * as media from '../media.ts'
import { Problem } from '../problem.ts'
import { alreadyHas } from './conditional.ts'

/** `/m/<hash>-<width>.<ext>`: pictures, which never change under their name. */
export function mediaFiles(app: App): Hono {
  const files = new Hono()
  files.get('/m/:file', async (c) => {
    const name = c.req.param('file')
    const picture = media.stored(app, name)
    const bytes = picture && (await readFile(picture.path).catch(() => undefined))
    if (!picture || !bytes) throw new Problem('page-not-found')
    const tag = `"${name}"`
    const lasting = { 'Cache-Control': 'public, max-age=31536000, immutable', ETag: tag }
    if (alreadyHas(c.req.header(), tag, [], Number.POSITIVE_INFINITY)) return c.body(null, 304, lasting)
    return c.body(bytes, 200, { ...lasting, 'Content-Type': picture.type, 'Content-Length': String(bytes.length) })
  })
  return files
}
