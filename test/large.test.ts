import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import { handler } from '../src/web/server.ts'
import { databases, openWorld, type World } from './world.ts'

const NOON = '2026-11-23T09:00:00Z'

describe.each(databases)('a paper of many articles on %s', (kind) => {
  test('has pages to the last one, and counts no more of them than it can for every reader', async () => {
    await using world = await openWorld(kind, NOON)
    await fill(world, 10_021)
    const page = async (path: string) => {
      const answer = await handler(world).request(path)
      return { status: answer.status, text: await answer.text() }
    }
    expect((await page('/')).text).toContain('<span>الصفحة 1</span>')
    const middle = await page('/page/400')
    expect(middle.text).toContain('<span>الصفحة 400</span>')
    expect(middle.text).toContain('href="/page/401" rel="next"')
    const last = await page('/page/502')
    expect(last.text).toContain('الصفحة 502 من 502')
    expect(last.text).not.toContain('rel="next"')
    expect((await page('/page/503')).status).toBe(404)
    expect((await page('/page/999999')).status).toBe(404)
    await world.db.deleteFrom('article').where('guid', '>', 'g09999').execute()
    expect((await page('/')).text).toContain('الصفحة 1 من 500')
  })

  test('is counted as far as one asks', async () => {
    await using world = await openWorld(kind, NOON)
    await fill(world, 30)
    const now = instant(world.now())
    expect(await articles.count(world.read, { now })).toBe(30)
    expect(await articles.count(world.read, { now, most: 30 })).toBe(30)
    expect(await articles.count(world.read, { now, most: 10 })).toBe(11)
  })
})

async function fill(world: World, count: number): Promise<void> {
  const at = Date.parse(NOON) - 100_000
  const n = sql`substr(cast(100000 + n as text), 2)`
  await sql`
    insert into article (public_id, source_id, guid, entry_id, title, body_html, excerpt, language, fingerprint, published_at, updated_at, created_at)
    with recursive counted(n) as (select 0 union all select n + 1 from counted where n < ${sql.lit(count - 1)})
    select 'p' || ${n}, 0, 'g' || ${n}, 'urn:x:' || ${n}, 'عنوان', '', '', 'ar', '', ${sql.lit(at)} - n, 0, 0 from counted`.execute(
    world.db,
  )
}
