import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as channels from '../src/channels.ts'
import { contrast } from '../src/colour.ts'
import * as assets from '../src/web/assets.ts'
import { openServer } from '../src/web/server.ts'
import { alternates, article, at, get, NOW, publish } from './site.ts'
import { openWorld } from './world.ts'

describe('the site', () => {
  test('a page needs only what we serve ourselves, without script or inline style', async () => {
    await using world = await openWorld('sqlite', NOW)
    await publish(world, { title: 'خبر' })
    const page = await get(world, '/')
    expect(page.text).not.toMatch(/<script|<style|style=/)
    const policy = page.headers.get('Content-Security-Policy')!
    for (const rule of [
      "default-src 'none'",
      "style-src 'self'",
      "font-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]) {
      expect(policy.split('; ')).toContain(rule)
    }
    const files = [...page.text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, href]) => href!)
    const sheet = await get(world, files.find((href) => href.endsWith('.css'))!)
    files.push(...[...sheet.text.matchAll(/url\((\/assets\/[^)]+)\)/g)].map(([, href]) => href!))
    for (const href of new Set(files)) {
      const file = await get(world, href)
      expect([href, file.status, file.headers.get('Cache-Control')]).toEqual([
        href,
        200,
        'public, max-age=31536000, immutable',
      ])
    }
    for (const path of [
      '/assets/none.css',
      '/assets/..%2f..%2fpackage.json',
      '/assets/paper-0-9b1c1c.css',
      '/m/..%2f..%2fnashra.db',
      '/m/.hidden',
      '/m/0.jpg',
    ]) {
      expect((await get(world, path)).status, path).toBe(404)
    }
  })

  test('page and stylesheet stay under 40 KB, the faces a page in Arabic and Turkish loads under 130', async () => {
    await using world = await openWorld('sqlite', NOW)
    await publish(
      world,
      ...Array.from({ length: 20 }, (_, n) => ({
        title: `خبر رقم ${n} عن موضوع طويل بعض الشيء`,
        section: 'اقتصاد',
        body_html: '<p>كلمات كثيرة تكفي لخمس عشرة كلمة في المقتطف الذي يظهر تحت كل عنوان على الصفحة الأولى هنا</p>',
        at: at(n),
      })),
    )
    const page = await get(world, '/')
    const sheet = await get(world, /href="([^"]+\.css)"/.exec(page.text)![1]!)
    expect(Buffer.byteLength(page.text) + sheet.text.length).toBeLessThan(40 * 1024)
    const faces = [...sheet.text.matchAll(/url\(\/assets\/([^)]+)\)/g)]
      .map(([, name]) => name!)
      .filter((name) => !name.startsWith('noto-naskh-arabic-arabic')) // letters that no Arabic newspaper prints
    const bytes = faces.reduce((sum, name) => sum + (assets.find(name)!.body as Uint8Array).length, 0)
    expect(bytes).toBeLessThan(130_000)
  })

  test('any accent can be read on either ground', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffff }), (number) => {
        const name = assets.style(`#${number.toString(16).padStart(6, '0')}`).slice('/assets/'.length)
        const [, light, dark] = /--accent:(#\w{6});--accent-dark:(#\w{6})/.exec(String(assets.find(name)!.body))!
        expect(contrast(light!, '#fdfcf9')).toBeGreaterThanOrEqual(4.5)
        expect(contrast(dark!, '#161513')).toBeGreaterThanOrEqual(4.5)
      }),
    )
  })

  test('every page tells feed readers where the feeds are, a channel its own first', async () => {
    await using world = await openWorld('sqlite', NOW)
    const [story] = await publish(world, { title: 'خبر', section: 'اقتصاد' })
    await channels.add(world, 'test', { slug: 'economy', title: 'الاقتصاد', filter: { section: ['اقتصاد'] } })
    const pages = [
      await get(world, '/'),
      await article(world, story!),
      await get(world, '/nowhere'),
      await get(world, '/feeds'),
    ]
    for (const { text } of pages) {
      expect(alternates(text)).toEqual(
        ['rss', 'atom', 'json'].map((format) => `https://news.example/feeds/all.${format}`),
      )
    }
    expect(alternates((await get(world, '/c/economy')).text)[0]).toBe('https://news.example/feeds/economy.rss')
    expect((await get(world, '/c/economy')).text).toContain('aria-current="page"')
    expect((await get(world, '/c/nobody')).status).toBe(404)
  })

  test('what is not there is said in the language of the paper, with the latest news; a slash too many is forgiven', async () => {
    await using world = await openWorld('sqlite', NOW)
    await publish(world, { title: 'خبر' })
    for (const path of ['/nowhere', '/%', '/%E0%A4%A', '/a/%00']) {
      const page = await get(world, path)
      expect([path, page.status]).toEqual([path, 404])
      expect(page.text).toContain('لم نجد هذه الصفحة')
      expect(page.headers.get('Cache-Control')).toBe('no-store')
    }
    expect((await get(world, '/nowhere')).text).toContain('أحدث الأخبار')
    expect(await get(world, '/feeds/')).toMatchObject({ status: 301, location: '/feeds' })
    expect((await get(world, '//evil.example/')).location ?? '').not.toMatch(/^\/\//)
  })

  test('a lost database is reported without saying what broke', async () => {
    await using world = await openWorld('sqlite', NOW)
    const health = await get(world, '/healthz')
    expect([health.status, JSON.parse(health.text).status]).toEqual([200, 'ok'])
    expect((await get(world, '/readyz')).status).toBe(200)
    await world.db.schema.alterTable('site').renameTo('lost').execute()
    const page = await get(world, '/')
    expect(page.status).toBe(500)
    expect(page.text).toContain('وقع خطأ لدينا')
    expect(page.text).not.toMatch(/no such table|sqlite|\.ts/i)
    expect(world.logs.some(({ level }) => level === 'error')).toBe(true)
    const failing = await get(world, '/healthz')
    expect([failing.status, JSON.parse(failing.text).status]).toEqual([503, 'failing'])
  })

  test('the server listens, refuses a taken port in one sentence and ends within two seconds', async () => {
    await using world = await openWorld('sqlite', NOW, { NASHRA_PORT: '0' })
    const server = await openServer(world)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    const second = { ...world, config: { ...world.config, port: server.port } }
    await expect(openServer(second)).rejects.toMatchObject({ code: 'port-taken', values: { port: server.port } })
    const idle = connect(server.port, '127.0.0.1').on('error', () => {})
    idle.write('GET / HTTP/1.1\r\nHost: x\r\n') // a request that never ends
    const began = performance.now()
    await server.close()
    expect(performance.now() - began).toBeLessThan(2500)
    await expect(fetch(`${server.url}/readyz`)).rejects.toThrow()
  })
})
