import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import * as articles from '../../src/articles/index.ts'
import { openServer } from '../../src/web/server.ts'
import { openWorld } from '../world.ts'

/*
 * A newsroom moves: readers who follow the feed of its WordPress follow ours from the next poll on, and none of them sees the
 * archive as new.
 */

const STORIES = 10
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'nashra-moving-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const newsboat = spawnSync('sh', ['-c', 'command -v newsboat'], { stdio: 'ignore' }).status === 0
if (!newsboat) console.log('No newsboat on this machine (Debian: apt-get install newsboat): its tests are skipped.')

/** What WordPress writes for its newest posts. */
function wordPress(base: string): string {
  const items = Array.from({ length: STORIES }, (_, n) => {
    const date = new Date(Date.UTC(2026, 10, 20, 8, n)).toUTCString()
    return `<item><title>خبر قديم ${n}</title><link>${base}/2026/11/%d8%ae%d8%a8%d8%b1-${n}/</link><pubDate>${date}</pubDate>
<guid isPermaLink="false">${base}/?p=${n + 100}</guid><description><![CDATA[نص الخبر ${n}]]></description></item>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>الجريدة</title><link>${base}</link>
<description>أخبار</description><language>ar</language>${items.join('\n')}</channel></rss>`
}

describe.skipIf(!newsboat)('newsboat', () => {
  test.each(['/feed/', '/?feed=rss2', '/feed/atom/'])(
    'that follows %s sees nothing new when the site is ours',
    async (path) => {
      const home = mkdtempSync(join(folder, 'newsboat-'))
      const old = createServer((request, response) => {
        response.writeHead(request.url === path ? 200 : 404, { 'Content-Type': 'application/rss+xml; charset=UTF-8' })
        response.end(request.url === path ? wordPress(base) : '')
      })
      await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
      const { port } = old.address() as AddressInfo
      const base = `http://127.0.0.1:${port}`
      writeFileSync(join(home, 'urls'), `${base}${path}\n`)
      writeFileSync(join(home, 'config'), '')
      const entries = async () => {
        const files = ['-u', join(home, 'urls'), '-c', join(home, 'cache.db'), '-C', join(home, 'config')]
        await run('newsboat', ['-x', 'reload', ...files], { env: { ...process.env, HOME: home } })
        const cache = new Sqlite(join(home, 'cache.db'), { readonly: true })
        const rows = cache.prepare('select guid, title from rss_item order by pubDate').all()
        cache.close()
        return rows
      }
      const before = await entries()
      expect(before).toHaveLength(STORIES)
      old.closeAllConnections()
      await new Promise((resolve) => old.close(resolve))

      await using world = await openWorld('sqlite', '2026-11-23T08:00:00Z', {
        NASHRA_URL: base,
        NASHRA_PORT: String(port),
      })
      const rows = Array.from({ length: STORIES }, (_, n) => ({
        guid: `${base}/?p=${n + 100}`,
        url: `${base}/2026/11/%d8%ae%d8%a8%d8%b1-${n}/`,
        title: `خبر قديم ${n}`,
        body_html: `<p>نص الخبر ${n}</p>`,
        published_at: Date.UTC(2026, 10, 20, 8, n),
      }))
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`)
      async function* bytes() {
        yield Buffer.from(lines.join(''))
      }
      expect(await articles.importLines(world, 'cli', bytes())).toMatchObject({ added: STORIES, rejected: [] })
      const server = await openServer(world)
      try {
        expect(await entries()).toEqual(before)
      } finally {
        await server.close()
      }
    },
  )
})
