import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as editions from '../src/editions.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, openDesk } from './desk.ts'
import { add, body, promise, publicIds } from './digests-room.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases } from './world.ts'

describe.each(databases)('the letters and editions at the desk on %s', (kind) => {
  test('the preview is the letter that a server receives, but for the tokens', async () => {
    await using relay = await openRelay()
    await using desk = await openDesk(kind, { NASHRA_SMTP: relay.url })
    const { world } = desk
    await promise(world)
    for (const n of [1, 2, 3]) await add(world, `g${n}`, `2026-12-01T0${n}:00:00Z`)
    const editor = await colleague(desk, 'editor')
    const ids = await publicIds(world)
    await editor.post('/admin/digests/daily/coming', { day: '2026-12-02', deed: `lead ${ids.get('g1')}` })
    const raw = async (fields: string) => (await editor.get(`/admin/digests/daily/letter?as=raw&${fields}`)).text()
    const before = await raw('reader=one@example.org')
    await digests.composeNow(world, 'cli', 'daily')
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const one = relay.received.find(({ to }) => to === 'one@example.org')!
    const dashes = '-'.repeat(30)
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const id = await subscribers.findSubscription(world.db, 'list', 'one@example.org')
    const { unsubscribe, preferences } = subscribers.tokens(world, { id, requested_at: null })
    const sent = [unsubscribe, preferences].reduce(
      (source, token) => source.replaceAll(token, dashes).replaceAll(base64(token), base64(dashes)),
      one.source,
    )
    const { public_id } = await world.db
      .selectFrom('subscriber')
      .select('public_id')
      .where('address', '=', 'one@example.org')
      .executeTakeFirstOrThrow()
    const byId = `/admin/digests/daily/letter?as=raw&reader=${public_id}&at=2026-12-01T12:00`
    expect((await editor.get(byId)).status).toBe(403) // an id would tell the address
    const manager = await colleague(desk, 'list-manager')
    const after = await (await manager.get(byId)).text()
    expect(after.trimEnd()).toBe(sent.trimEnd())
    expect(after).not.toContain(unsubscribe)
    const bodies = (source: string) => source.split(/--nashra-\w+/).map((part) => part.split('\r\n\r\n')[1])
    expect(bodies(before).slice(1, 3)).toEqual([expect.any(String), expect.any(String)])
    expect(body(before).html.replaceAll('2026-12-02', '2026-12-01')).toContain('خبر g1')
    const shown = await editor.get('/admin/digests/daily/letter?reader=one@example.org&at=2026-12-01T12:00')
    expect(await shown.text()).toBe(body(after).html)
    expect(shown.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/)
    expect(shown.headers.get('content-security-policy')).not.toContain('allow-scripts')
    const dark = await (await editor.get('/admin/digests/daily/letter?as=dark')).text()
    expect(dark).not.toContain('prefers-color-scheme')
  })

  test('a test goes to a few addresses, says what it is, and never to who is suppressed', async () => {
    await using relay = await openRelay({ rcpt: (to) => (to === 'full@example.org' ? '550 5.2.2 full' : '250 ok') })
    await using desk = await openDesk(kind, { NASHRA_SMTP: relay.url })
    const { world } = desk
    await promise(world)
    await add(world, 'g1', '2026-12-01T01:00:00Z')
    await subscribers.suppress(world, 'cli', 'gone@example.org')
    const editor = await colleague(desk, 'editor')
    const send = (to: string) => editor.post('/admin/digests/daily/test', { to })
    const page = await (await send('me@example.org, full@example.org gone@example.org')).text()
    expect(relay.received.map(({ to }) => to)).toEqual(['me@example.org'])
    const { source } = relay.received[0]!
    expect(body(source).html).toContain('هذه رسالة تجريبية')
    expect(source).not.toMatch(/^List-Unsubscribe-Post/m)
    for (const words of ['قبله المُرحِّل', 'رفضه المُرحِّل', '550 5.2.2 full', 'لم يُرسل: لا يُكتب'])
      expect(page).toContain(words)
    expect((await send('a@x.org b@x.org c@x.org d@x.org e@x.org f@x.org')).status).toBe(422)
    expect((await send('a@x.org\r\nBcc: b@x.org')).status).toBe(422)
    for (let n = 0; n < 28; n++) await send('me@example.org')
    expect((await send('me@example.org')).status).toBe(429)
    expect(await world.db.selectFrom('edition').select('id').execute()).toEqual([])
    const trail = await world.db.selectFrom('change').select('after').where('verb', '=', 'digest.test').execute()
    expect(JSON.stringify(trail)).not.toContain('@')
  })

  test('a sender tries what he is about to send on himself, and on nobody else', async () => {
    await using relay = await openRelay()
    await using desk = await openDesk(kind, { NASHRA_SMTP: relay.url })
    await promise(desk.world)
    await add(desk.world, 'g1', '2026-12-01T01:00:00Z')
    const { id } = await desk.world.db.selectFrom('list').select('id').executeTakeFirstOrThrow()
    const other = await subscribers.addList(desk.world, 'cli', { slug: 'other', title: 'Other' })
    const sender = await colleague(desk, 'sender', id)
    const page = await (await sender.get('/admin/digests/daily/preview')).text()
    expect(page).toContain('action="/admin/digests/daily/test"')
    expect(page).not.toContain('name="to"')
    expect((await sender.post('/admin/digests/daily/test')).status).toBe(200)
    expect((await sender.post('/admin/digests/daily/test', { to: ` ${sender.address.toUpperCase()} ` })).status).toBe(
      200,
    )
    for (const to of ['else@example.org', `${sender.address}, else@example.org`, `${sender.address}\nelse@example.org`])
      expect([to, (await sender.post('/admin/digests/daily/test', { to })).status]).toEqual([to, 403])
    expect(relay.received.map(({ to }) => to)).toEqual([sender.address, sender.address])
    for (const who of [await colleague(desk, 'sender', other.id), await colleague(desk, 'reader')]) {
      expect((await who.post('/admin/digests/daily/test')).status).toBe(403)
      expect(await (await who.get('/admin/digests/daily/preview')).text()).not.toContain('/daily/test"')
    }
  })

  test('an edition is sent now, paused, resumed, watched until it is done, and reconciled', async () => {
    await using relay = await openRelay({
      rcpt: (to) => (to === 'two@example.org' ? '550 5.1.1 <two@example.org>: no such user' : '250 ok'),
    })
    await using desk = await openDesk(kind, { NASHRA_SMTP: relay.url })
    const { world } = desk
    await promise(world)
    const hours = { at: '08:00', zone: 'Europe/Istanbul' }
    await digests.add(world, 'cli', { slug: 'second', title: 'نشرة أخرى', channel: 'all', list: 'list', ...hours })
    const sender = await colleague(desk, 'sender')
    const early = await sender.post('/admin/digests/daily/send')
    expect([early.status, await early.text()]).toEqual([409, expect.stringContaining('لم يُرسل شيء: ')])
    await add(world, 'g1', '2026-12-01T01:00:00Z')
    await add(world, 'g2', '2026-12-01T02:00:00Z')
    const editor = await colleague(desk, 'editor')
    expect((await editor.post('/admin/digests/daily/send')).status).toBe(403)
    const path = (await sender.post('/admin/digests/daily/send')).headers.get('location')!.replace('?told=done', '')
    expect(path).toMatch(/^\/admin\/digests\/editions\/[a-z0-9]{11}$/)
    const again = await sender.post('/admin/digests/daily/send')
    expect([again.status, await again.text()]).toEqual([409, expect.stringContaining('صدر عدد 2026-12-01 من قبل')])
    const first = await (await sender.get(path)).text()
    expect(first).toMatch(/hx-get="[^"]+\/progress\?looks=[^"]+" hx-trigger="every 2s"/)
    expect((await editor.post(`${path}/pause`)).status).toBe(403)
    expect(await (await sender.get(`${path}/deliveries?state=waiting`)).text()).toContain('تنتظر دورها')
    expect((await sender.post(`${path}/pause`)).status).toBe(303)
    expect((await sender.post(`${path}/pause`)).status).toBe(409)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: 0 })
    expect((await sender.post(`${path}/resume`)).status).toBe(303)
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const done = await (await sender.get(`${path}/progress?looks=1.0-zz-9e9`)).text()
    expect(done).toContain('تُعدّ رسائله كلها واحدة واحدة خلال دقيقة')
    expect(done).toMatch(/<progress max="2" value="2"/)
    expect(await (await sender.get(`${path}?count=1`)).text()).not.toContain('والحساب مطابق') // no page counts by being looked at
    expect((await editor.post(`${path}/count`)).status).toBe(403)
    expect((await sender.post(`${path}/count`)).headers.get('location')).toBe(`${path}#verdict`)
    const counted = await (await editor.get(path)).text()
    for (const words of ['وعددها 2، والحساب مطابق.', '2 = 1 سُلّمت + 1 رُفضت + 0 لم تُرسل'])
      expect(counted).toContain(words)
    expect(counted).not.toContain('hx-trigger')
    const refused = await (await sender.get(`${path}/deliveries?state=refused`)).text()
    expect(refused).toContain('550 5.1.1 &lt;t…@example.org&gt;: no such user')
    expect(refused).not.toContain('two@example.org') // a sender sees no readers
    const owner = await colleague(desk, 'owner')
    expect(await (await owner.get(`${path}/deliveries?state=refused`)).text()).toContain('&lt;two@example.org&gt;')
    const doubted_at = instant(world.now())
    await world.db.updateTable('delivery').set({ doubted_at }).where('state', '=', 'submitted').execute()
    expect(await (await owner.get(path)).text()).toContain('one@example.org')
    expect(await (await sender.get(path)).text()).toContain('o…@example.org')
    expect(await (await owner.get(`${path}/deliveries?state=doubted`)).text()).toContain('one@example.org')
    await digests.withdraw(world, 'cli', 'g1', 'لم يثبت')
    expect(await (await owner.get(path)).text()).toContain('وصل إلى قارئ واحد')
    world.clock.set('2026-12-01T09:00:00Z')
    await add(world, 'g3', '2026-12-01T08:30:00Z')
    await add(world, 'g4', '2026-12-01T08:40:00Z')
    const next = await digests.composeNow(world, 'cli', 'daily', Temporal.Instant.from('2026-12-02T05:00:00Z'))
    const second = await digests.composeNow(world, 'cli', 'second', Temporal.Instant.from('2026-12-02T05:00:00Z'))
    const held = await editions.find(world.db, next.edition!)
    const other = await editions.find(world.db, second.edition!)
    await world.db.updateTable('article').set({ withdrawn_at: held.composed_at }).where('guid', '=', 'g3').execute()
    await editions.hold(world.db, held.id, editions.WITHDRAWN, held.composed_at) // and whoever did died before the revision
    await editions.hold(world.db, other.id, editions.WITHDRAWN, held.composed_at)
    const page = await (await sender.get(`/admin/digests/editions/${next.edition}`)).text()
    for (const words of ['سُحب خبر من أخباره', 'لم يصل إلى أحد', `${next.edition}/revise`]) expect(page).toContain(words)
    expect((await sender.post(`/admin/digests/editions/${next.edition}/resume`)).status).toBe(409)
    expect((await sender.post(`/admin/digests/editions/${next.edition}/revise`)).status).toBe(303)
    expect(await editions.find(world.db, next.edition!)).toMatchObject({ state: 'frozen', revision: 2 })
    expect(await editions.find(world.db, second.edition!)).toMatchObject({ state: 'held', revision: 1 })
    const table = await (await owner.get('/admin/digests/editions')).text()
    expect(table).toContain(path)
  })

  test('its progress says what keeps it back, when it is tried again, what has changed, and who may have it', async () => {
    await using relay = await openRelay()
    await using desk = await openDesk(kind, { NASHRA_SMTP: relay.url })
    const { world } = desk
    const { public_id, id } = await edition(world, await mailing(world, 3))
    const sender = await colleague(desk, 'sender')
    const path = `/admin/digests/editions/${public_id}`
    const look = async (before: string) => (await sender.get(`${path}/progress?${before}`)).text()
    relay.script = { dot: () => '451 later' }
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const later = await look('state=frozen&uncertain=0')
    expect(later).toMatch(/ما بقي يُعاد إرساله في <time[^>]*datetime="2026-12-01T08:01/)
    expect(later).not.toContain('hx-swap-oob')
    expect(await (await sender.get(path)).text()).toContain('id="doubted"></section>')
    const doubted = { state: 'uncertain', doubted_at: instant(world.now()) }
    await world.db.updateTable('delivery').set(doubted).where('attempts', '>', 0).execute()
    await world.db.updateTable('tally').set({ state: 'uncertain' }).where('state', '=', 'deferred').execute()
    const changed = await look('state=frozen&uncertain=0')
    expect(changed).toMatch(/<section id="doubted" hx-swap-oob="innerHTML">.*m…@example\.org/s)
    expect(await look('state=frozen&uncertain=3')).not.toContain('id="doubted"')
    await editions.hold(world.db, id, 'paused', instant(world.now()))
    expect(await look('state=frozen&uncertain=3')).toMatch(/role="status" hx-swap-oob="innerHTML">[^<]*أوقفه/)
    expect(await look('state=held&uncertain=3')).not.toContain('role="status"')
  })

  test('who works for one list sees and changes nothing of another’s', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await promise(world)
    await add(world, 'g1', '2026-12-01T01:00:00Z')
    const other = await subscribers.addList(world, 'cli', { slug: 'other', title: 'أخرى' })
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    for (const role of ['editor', 'sender', 'list-manager', 'reader'] as const) {
      const foreign = await colleague(desk, role, other.id)
      expect(await (await foreign.get('/admin/digests')).text()).not.toContain('نشرة اليوم')
      expect(await (await foreign.get('/admin/digests/editions')).text()).not.toContain('نشرة اليوم')
      const pages = ['', '/coming', '/preview', '/letter', '/change'].map((page) => `/admin/digests/daily${page}`)
      const own = ['', '/progress', '/deliveries'].map((page) => `/admin/digests/editions/${edition}${page}`)
      for (const path of [...pages, ...own, '/admin/digests/nothing', '/admin/digests/editions/zzzzzzzzzzz'])
        expect([role, path, (await foreign.get(path)).status]).toEqual([role, path, 403])
      expect((await foreign.get('/admin/digests/a%00b/coming')).status).toBe(404)
      for (const path of [
        'daily/coming',
        'daily/coming/undo',
        'daily/change',
        'daily/test',
        'daily/send',
        `editions/${edition}/pause`,
        `editions/${edition}/resume`,
        `editions/${edition}/revise`,
        `editions/${edition}/count`,
      ])
        expect([role, path, (await foreign.post(`/admin/digests/${path}`, { day: '2026-12-02' })).status]).toEqual([
          role,
          path,
          403,
        ])
      const form = { slug: 'mine', title: 'x', list: 'list', channel: 'all', at: '08:00', zone: 'UTC' }
      expect([role, (await foreign.post('/admin/digests', form)).status]).toEqual([role, 403])
    }
    const looks = await colleague(desk, 'reader')
    expect((await looks.get('/admin/digests/daily/preview')).status).not.toBe(403)
    expect((await looks.get('/admin/digests/daily/preview?reader=one@example.org')).status).toBe(403)
  })

  test('whatever an article is called stays text on every page, and no frame runs a script', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    const evil = '</title><script>alert(1)</script><img src=x onerror=alert(1)>"onmouseover="alert(1)'
    await promise(world, { title: evil })
    await add(world, 'g1', '2026-12-01T01:00:00Z', {
      title: evil,
      body_html: '<p onclick="alert(1)">x<script>alert(1)</script></p>',
      section: evil,
    })
    await add(world, 'g2', '2026-12-01T02:00:00Z', { title: `${evil} 2` })
    const owner = await colleague(desk, 'owner')
    const ids = await publicIds(world)
    await owner.post('/admin/digests/daily/coming', { day: '2026-12-02', deed: `out ${ids.get('g2')}` })
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    await digests.withdraw(world, 'cli', 'g1', evil)
    const pages = [
      '',
      '/daily',
      '/daily/coming',
      '/daily/preview',
      '/daily/preview?as=raw',
      '/daily/preview?as=text',
      '/daily/letter',
    ]
    for (const page of [...pages, '/editions', `/editions/${edition}`, `/editions/${edition}/deliveries`]) {
      const text = (await (await owner.get(`/admin/digests${page}`)).text()).replace(/="[^"]*"/g, '=""')
      expect([page, /<script>|<img src=x|"onmouseover|<[a-z][^<>]* on[a-z]+\s*=/i.test(text)]).toEqual([page, false])
    }
    const framed = await (await owner.get('/admin/digests/daily/preview')).text()
    for (const [frame] of framed.matchAll(/<iframe[^>]*>/g))
      expect(frame).toMatch(/sandbox="(?!.*allow-(scripts|same-origin))/)
  })
})
