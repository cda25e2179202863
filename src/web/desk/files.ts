import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'
import { Problem } from '../../problem.ts'

/** The desk's scripts: htmx as it comes, and ours. */
const SCRIPTS = new Map<string, string>(
  Object.entries({
    htmx: import.meta.resolve('htmx.org/dist/htmx.min.js'),
    desk: new URL('scripts/desk.js', import.meta.url).href,
    stage: new URL('scripts/stage.js', import.meta.url).href,
  }).map(([name, file]) => {
    const body = readFileSync(fileURLToPath(file), 'utf8')
    return [`${name}-${createHash('sha256').update(body).digest('hex').slice(0, 12)}.js`, body] as const
  }),
)

/** Where each script lies, in the order in which pages load them. */
export const scripts: readonly string[] = [...SCRIPTS.keys()].map((name) => `/desk-files/${name}`)

/** `/desk-files/…`: public, as every script is; their names change with their bytes. */
export function deskScripts(): Hono {
  const files = new Hono()
  files.get('/desk-files/:name', (c) => {
    const body = SCRIPTS.get(c.req.param('name'))
    if (body === undefined) throw new Problem('page-not-found')
    return c.body(body, 200, {
      'Content-Type': 'text/javascript; charset=utf-8',
      'Cache-Control': 'public, max-age=31536000, immutable',
    })
  })
  return files
}
