import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Hono } from 'hono'
import { Problem } from '../../problem.ts'

const SCRIPTS = new Map<string, string>()

/** Where each script of every page lies, in the order in which pages load them: htmx as it comes, and ours. */
export const scripts: readonly string[] = [
  served('htmx', import.meta.resolve('htmx.org/dist/htmx.min.js')),
  served('desk', own('desk')),
  served('stage', own('stage')),
]

/** Those of the page where articles are written: the editor as it comes, what cleans foreign HTML for it, and ours. */
export const editorScripts: readonly string[] = [
  served('dompurify', besides('dompurify', 'purify.min.js')),
  served('squire', besides('squire-rte', 'squire.js')),
  ...['keeper', 'pasted', 'keeping', 'editor'].map((name) => served(name, own(name))),
]

function own(name: string): string {
  return new URL(`scripts/${name}.js`, import.meta.url).href
}

/** A file that lies beside the one by which a package is imported. */
function besides(name: string, file: string): string {
  return new URL(file, import.meta.resolve(name)).href
}

function served(name: string, file: string): string {
  const body = readFileSync(fileURLToPath(file), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
  const hashed = `${name}-${createHash('sha256').update(body).digest('hex').slice(0, 12)}.js`
  SCRIPTS.set(hashed, body)
  return `/desk-files/${hashed}`
}

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
