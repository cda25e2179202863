import { describe, expect, test } from 'vitest'
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
    for (const step of ['site', 'name', 'relay', 'digest']) expect(dashboard).toContain(`/admin/start?step=${step}`)
    const on = async (path: string, fields: Record<string, string>) =>
      (await owner.post(`/admin/start/${path}`, fields)).headers.get('location')
    expect(await on('site', { url: `http://${partner.place}` })).toBe('/admin/start?step=name')
    const name = new FormData()
    for (const [key, value] of Object.entries({ name: 'جريدة المضيق', language: 'ar', zone: 'Europe/Istanbul' }))
      name.append(key, value)
    expect((await owner.send('/admin/start/name', name)).headers.get('location')).toBe('/admin/start?step=sender')
    expect(await on('sender', { postal_address: 'شارع المرفأ 12' })).toBe('/admin/start?step=relay')
    expect(await on('relay', { relays: relay.url })).toBe('/admin/start?step=relay') // where it can be tried
    expect(await (await owner.post('/admin/start/test')).text()).toContain('250')
    expect(relay.received).toHaveLength(1)
    expect(await on('digest', { title: 'نشرة الصباح', at: '07:30' })).toBe('/admin/start?step=end')
    expect(await (await owner.get('/admin')).text()).not.toContain('/admin/start?step=')
    expect((await subscribers.publicLists(desk.world.db)).map(({ title }) => title)).toEqual(['نشرة الصباح'])
    const slot = await desk.world.db.selectFrom('slot').select(['minute', 'zone']).executeTakeFirstOrThrow()
    expect(slot).toEqual({ minute: 450, zone: 'Europe/Istanbul' })
    expect(await (await owner.get('/admin/start?step=end')).text()).not.toContain('<iframe')
    const [source] = await sources.all(desk.world.db)
    await sources.poll(desk.world, 'job', source!, AbortSignal.timeout(10_000))
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
      ['relay', { relays: 'relay' }],
      ['sender', { sender: 'not an address' }],
      ['digest', { title: 'نشرة', at: '25:00' }],
    ] as const) {
      const answer = await owner.post(`/admin/start/${path}`, fields)
      expect([path, answer.status]).toEqual([path, 422])
      expect(await answer.text()).toContain('role="alert"')
    }
    expect(await desk.world.db.selectFrom('list').select('id').execute()).toEqual([])
  })
})
