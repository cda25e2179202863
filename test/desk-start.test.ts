import { describe, expect, test } from 'vitest'
import * as accounts from '../src/accounts/index.ts'
import * as sources from '../src/sources/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, openDesk } from './desk.ts'
import { feedOf } from './feed-of.ts'
import { openPartner } from './partner.ts'
import { openRelay } from './relay.ts'
import { databases } from './world.ts'

const FEED = feedOf([{ guid: 'a', title: 'سفينة تعبر المضيق' }])

describe.each(databases)('the first steps, on %s', (kind) => {
  test('lead from an empty desk to a first digest, and the dashboard then misses nothing', async () => {
    await using relay = await openRelay()
    await using partner = await openPartner((request, response) => {
      if (request.url === '/feed.xml') response.writeHead(200, { 'Content-Type': 'application/rss+xml' }).end(FEED)
      else response.end('<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>')
    })
    await using desk = await openDesk(kind, { NASHRA_FETCH_ALLOW: partner.place })
    const owner = await colleague(desk, 'owner')
    const dashboard = await (await owner.get('/admin')).text()
    for (const step of ['site', 'name', 'relay', 'digest', 'end'])
      expect(dashboard).toContain(`/admin/start?step=${step}`)
    const on = async (path: string, fields: Record<string, string>) =>
      (await owner.post(`/admin/start/${path}`, fields)).headers.get('location')
    expect(await on('site', { url: `http://${partner.place}` })).toBe('/admin/start?step=name')
    const name = new FormData()
    for (const [key, value] of Object.entries({ name: 'جريدة المضيق', language: 'ar', zone: 'Europe/Istanbul' }))
      name.append(key, value)
    expect((await owner.send('/admin/start/name', name)).headers.get('location')).toBe('/admin/start?step=sender')
    expect(await on('sender', { postal_address: 'شارع المرفأ 12' })).toBe('/admin/start?step=relay')
    expect(await on('relay', { host: '127.0.0.1', port: String(relay.port) })).toBe('/admin/start?step=digest&tried=1')
    expect(relay.received.map(({ to }) => to)).toEqual([owner.address])
    expect(await on('digest', { title: 'نشرة الصباح', at: '07:30' })).toBe('/admin/start?step=end')
    expect(await (await owner.get('/admin')).text()).toContain('/admin/start?step=end') // nobody reads it
    expect(await on('me', {})).toBe('/admin/start?step=end')
    expect(await (await owner.get('/admin')).text()).not.toContain('/admin/start?step=')
    expect((await subscribers.publicLists(desk.world.db)).map(({ title }) => title)).toEqual(['نشرة الصباح'])
    const slot = await desk.world.db.selectFrom('slot').select(['minute', 'zone']).executeTakeFirstOrThrow()
    expect(slot).toEqual({ minute: 450, zone: 'Europe/Istanbul' })
    expect((await sources.all(desk.world.db)).map(({ title, relation }) => [title, relation])).toEqual([
      ['شريك', 'own'],
    ])
    expect(await (await owner.get('/admin/start?step=end')).text()).toContain('<iframe')
    const preview = await owner.get('/admin/start/preview')
    expect([preview.status, (await preview.text()).includes('سفينة تعبر المضيق')]).toEqual([200, true])
    expect(preview.headers.get('content-security-policy')).toMatch(/sandbox/)
  })

  test('say what is wrong with what was typed, and keep it', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    for (const [path, fields] of [
      ['site', { url: 'javascript:alert(1)' }],
      ['site', { url: 'http://127.0.0.1:9/' }], // and no 5xx: what stands before us might put a page of its own there
      ['story', { headline: ' ', text: 'نص' }],
      ['relay', { relays: 'relay' }],
      ['relay', { host: '', port: '587' }],
      ['sender', { sender: 'not an address' }],
      ['digest', { title: 'نشرة', at: '25:00' }],
    ] as const) {
      const answer = await owner.post(`/admin/start/${path}`, fields)
      expect([path, answer.status]).toEqual([path, 422])
      expect(await answer.text()).toContain('role="alert"')
    }
    for (const table of ['list', 'source', 'article'] as const)
      expect(await desk.world.db.selectFrom(table).select('id').where('id', '>', 0).execute()).toEqual([])
  })

  test('take a first story from who has no site, and suggest what can be guessed', async () => {
    await using relay = await openRelay()
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const story = { headline: 'القطار <يصل>', text: 'وصل القطار.\r\n\r\nونزل منه & من فيه.' }
    expect((await owner.post('/admin/start/story', story)).headers.get('location')).toBe('/admin/start?step=name')
    const article = await desk.world.db.selectFrom('article').select(['title', 'body_html']).executeTakeFirstOrThrow()
    expect(article).toEqual({ title: 'القطار <يصل>', body_html: '<p>وصل القطار.</p>\n<p>ونزل منه &amp; من فيه.</p>' })
    const step = async (name: string) => (await owner.get(`/admin/start?step=${name}`)).text()
    expect(await step('name')).toMatch(/<option value="ar" selected>/)
    expect(await step('digest')).toContain('القطار &lt;يصل&gt;')
    await owner.post('/admin/start/relay', { host: '127.0.0.1', port: String(relay.port) })
    await owner.post('/admin/start/digest', { title: 'نشرة المساء', at: '18:00', me: '1' })
    expect(await step('end')).toContain('action="/admin/digests/daily/send"')
    expect((await owner.post('/admin/digests/daily/send')).headers.get('location')).toMatch(/editions\/[a-z0-9]{11}/)
    const [letter] = await desk.world.db.selectFrom('delivery').selectAll().execute()
    expect(letter).toMatchObject({ state: 'queued' })
    expect(await step('end')).toMatch(/href="\/admin\/digests\/editions\/[a-z0-9]{11}"/)
  })

  test('publish and promise once, however often the button is pressed', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const key = /name="key" value="([0-9a-f-]{36})"/.exec(await (await owner.get('/admin/start?step=site')).text())?.[1]
    const story = { key: key!, headline: 'القطار يصل', text: 'وصل القطار.' }
    for (let press = 0; press < 2; press++) {
      expect((await owner.post('/admin/start/story', story)).status).toBe(303)
      expect((await owner.post('/admin/start/digest', { title: 'المساء', at: '18:00', me: '1' })).status).toBe(303)
    }
    for (const table of ['article', 'digest', 'subscription'] as const)
      expect([table, await desk.world.db.selectFrom(table).select('id').execute()]).toMatchObject([
        table,
        { length: 1 },
      ])
  })

  test('greet who opens the set-up link in the language of the browser', async () => {
    await using desk = await openDesk(kind)
    const token = await accounts.setUp(desk.world)
    const greeted = async (languages: string) =>
      /<html lang="(\w+)"/.exec(
        await (await desk.request(`/admin/in/${token}`, { headers: { 'Accept-Language': languages } })).text(),
      )![1]
    expect(await greeted('de-DE,de;q=0.9,tr;q=0.8,en;q=0.7')).toBe('tr')
    expect(await greeted('en-GB')).toBe('en')
    expect(await greeted('de')).toBe('ar')
  })
})
