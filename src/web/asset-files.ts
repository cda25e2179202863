import { Hono } from 'hono'
import { Problem } from '../problem.ts'
import * as assets from './assets.ts'

/** `/assets/…`: the stylesheet, the faces, the sign. */
export function assetFiles(): Hono {
  const files = new Hono()
  files.get('/assets/:name', (c) => {
    const asset = assets.find(c.req.param('name'))
    if (!asset) throw new Problem('page-not-found')
    return c.body(asset.body, 200, {
      'Content-Type': asset.type,
      'Access-Control-Allow-Origin': '*', // a document in a sandbox is of no origin, and fonts want one
      'Cache-Control': asset.lasting ? 'public, max-age=31536000, immutable' : 'public, max-age=60',
    })
  })
  return files
}
