import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as editions from '../src/editions.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, openDesk } from './desk.ts'
import { openRelay } from './relay.ts'
import { databases, type World } from './world.ts'

describe.each(databases)('the digests’ room on %s', (kind) => {
  test('a digest is promised by a form, shown with its next five runs, and changed', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    await subscribers.addList(desk.world, 'cli', { slug: 'mornings', title: 'قراء الصباح' })
    const form = {
      ...{ title: 'صباح الخير', slug: 'morning', list: 'mornings', channel: 'all', at: '07:30', zone: 'Asia/Damascus' },
      ...{ max: '10', min: '2', maxAge: '36h', late: '3h' },
    }
    expect((await editor.post('/admin/digests', form)).status).toBe(422) // on no day
    const days: [string, string][] = ['mon', 'wed'].map((day) => ['weekdays', day])
    const added = await editor.post('/admin/digests', [...Object.entries(form), ...days])
    expect(added.headers.get('location')).toBe('/admin/digests/morning?told=saved')
    const page = await (await editor.get('/admin/digests/morning')).text()
    for (const words of ['قراء الصباح', '07:30', '02/12/2026 07:30', '07/12/2026 07:30', '16/12/2026 07:30', '07:30'])
      expect(page).toContain(words)
    expect(await (await editor.get('/admin/digests')).text()).toContain('/admin/digests/morning/coming')
    const changed = await editor.post('/admin/digests/morning/change', [
      ...Object.entries({ ...form, at: '18:00', max: '7' }),
      ...days,
    ])
    expect(changed.status).toBe(303)
    expect((await digests.find(desk.world.db, 'morning')).digest).toMatchObject({ max: 7, min: 2 })
    expect((await digests.find(desk.world.db, 'morning')).slot).toMatchObject({ minute: 1080, weekdays: 5 })
    const wrong = await editor.post('/admin/digests/morning/change', [
      ...Object.entries({ ...form, at: '18:00', max: '700' }),
      ...days,
    ])
    expect([wrong.status, (await wrong.text()).includes('value="700"')]).toEqual([422, true])
  })

  test('the coming edition keeps the order, what is left out and by whom; compose does exactly that, once', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await promise(world, { max: 3, maxAge: '72h' })
    for (const n of [1, 2, 3, 4, 5]) await add(world, `g${n}`, `2026-12-01T0${n}:00:00Z`)
    const editor = await colleague(desk, 'editor')
    const path = '/admin/digests/daily/coming'
    const ids = await publicIds(world)
    const deed = async (words: string) => {
      const answer = await editor.post(path, { day: '2026-12-02', deed: words })
      expect(answer.status).toBe(303)
      return answer.headers.get('location')!
    }
    expect(await shown(await editor.get(path))).toEqual(['g5', 'g4', 'g3', 'g2', 'g1'])
    await deed(`lead ${ids.get('g2')}`)
    await deed(`down ${ids.get('g5')}`)
    expect(await shown(await editor.get(path))).toEqual(['g2', 'g4', 'g5', 'g3', 'g1'])
    await deed(`out ${ids.get('g4')}`)
    const page = await (await editor.get(path)).text()
    expect(page).toContain('استبعده editor-0@news.example')
    expect(page).toContain('عنوان فقط')
    await add(world, 'g6', '2026-12-01T06:00:00Z') // comes after what was placed
    expect(await shown(await editor.get(path))).toEqual(['g2', 'g6', 'g5', 'g3', 'g1'])

    world.clock.set('2026-12-02T05:00:00Z')
    const [composed] = await digests.composeDue(world, 'job')
    expect(composed).toMatchObject({ state: 'composed', day: '2026-12-02', stories: 5, recipients: 2 })
    expect(await told(world, '2026-12-02')).toEqual(['g2', 'g6', 'g5', 'g3', 'g1'])
    const owner = await colleague(desk, 'owner') // the editor's session has ended meanwhile
    expect((await owner.post(path, { day: '2026-12-02', deed: `out ${ids.get('g1')}` })).status).toBe(409)

    world.clock.advance({ hours: 1 }) // forgotten with its edition: what was left out may come with the next
    expect(await shown(await owner.get(path))).toEqual(['g4'])
    world.clock.set('2026-12-03T05:00:00Z')
    await digests.composeDue(world, 'job')
    expect(await told(world, '2026-12-03')).toEqual(['g4'])
  })

  test('another hour is that of the next edition, also one that readers chose; a day keeps its one edition', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await promise(world, { maxAge: '72h' })
    await add(world, 'g1', '2026-12-01T01:00:00Z')
    const two = await subscribers.findSubscription(world.db, 'list', 'two@example.org')
    await digests.prefer(world, 'reader', two, { at: '18:00' })
    const { slot, digest } = await digests.find(world.db, 'daily')
    await digests.leaveOut(world, 'cli', { digest, day: slot.next_on }, (await publicIds(world)).get('g1')!)
    const set = await digests.set(world, 'cli', 'daily', { at: '18:00', title: 'المساء' })
    expect(set.slot).toMatchObject({ id: slot.id, minute: 1080, next_on: '2026-12-01' })
    expect(await world.db.selectFrom('stage').select('day').execute()).toEqual([{ day: '2026-12-01' }])
    await digests.putBack(world, 'cli', { digest, day: '2026-12-01' }, (await publicIds(world)).get('g1')!)
    world.clock.set('2026-12-01T15:00:00Z')
    expect((await digests.composeDue(world, 'job')).map(({ recipients }) => recipients)).toEqual([2])
    const earlier = await digests.set(world, 'cli', 'daily', { at: '19:00' })
    expect(earlier.slot.next_on).toBe('2026-12-02')
    expect((await digests.set(world, 'cli', 'daily', { at: '08:00', weekdays: 'mon' })).slot.next_on).toBe('2026-12-07')
    await expect(digests.set(world, 'cli', 'daily', { at: '25:00' })).rejects.toThrow('bad-time')
    const trail = await world.db.selectFrom('change').select('after').where('verb', '=', 'digest.set').execute()
    expect(JSON.parse(trail[0]!.after!)).toEqual({
      zone: 'Europe/Istanbul',
      minute: 1080,
      weekdays: 127,
      title: 'المساء',
    })
  })

  test('a choice is taken back by who made it, as long as nobody chose since', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await promise(world)
    for (const n of [1, 2, 3]) await add(world, `g${n}`, `2026-12-01T0${n}:00:00Z`)
    const [editor, owner] = [await colleague(desk, 'editor'), await colleague(desk, 'owner')]
    const path = '/admin/digests/daily/coming'
    const ids = await publicIds(world)
    const out = async (who: typeof editor, guid: string) => {
      world.clock.advance({ seconds: 1 })
      const answer = await who.post(path, { day: '2026-12-02', deed: `out ${ids.get(guid)}` })
      return new URL(answer.headers.get('location')!, 'https://x').searchParams.get('undo')!
    }
    const undo = async (who: typeof editor, at: string) =>
      (await who.post(`${path}/undo`, { undo: at })).headers.get('location')
    const [first, second] = [await out(editor, 'g3'), await out(owner, 'g1')]
    expect(await shown(await editor.get(path))).toEqual(['g2'])
    expect(await undo(editor, first)).toBe(`${path}?told=gone`)
    expect(await undo(editor, second)).toBe(`${path}?told=gone`)
    expect(await undo(editor, "1' or 1=1")).toBe(`${path}?told=gone`)
    expect(await undo(owner, second)).toBe(`${path}?told=undone`)
    expect(await shown(await editor.get(path))).toEqual(['g2', 'g1'])
    expect((await editor.post(path, { day: '2026-12-02', deed: 'out zzzzzzzzzzz' })).status).toBe(404)
    expect((await editor.post(path, { day: '1999-01-01', deed: `out ${ids.get('g1')}` })).status).toBe(409)
    const order = `${ids.get('g1')} nonsense ${ids.get('g1')} ${ids.get('g2')}`
    expect((await editor.post(path, { day: '2026-12-02', order })).status).toBe(303)
    expect(await shown(await editor.get(path))).toEqual(['g1', 'g2'])
  })

  test('what is not in the coming edition says why', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await channels.add(world, 'cli', { slug: 'city', title: 'المدينة', filter: { section: ['مدينة'] } })
    await promise(world, { channel: 'city', max: 1 })
    const section = 'مدينة'
    await add(world, 'sent', '2026-12-01T01:00:00Z', { section })
    await digests.composeNow(world, 'cli', 'daily')
    await add(world, 'old', '2026-11-20T01:00:00Z', { section })
    await add(world, 'sport', '2026-12-01T02:00:00Z', { section: 'رياضة' })
    await add(world, 'embargo', '2026-12-02T09:00:00Z', { section })
    await add(world, 'soon', '2026-12-02T03:00:00Z', { section })
    await add(world, 'full', '2026-12-01T06:00:00Z', { section })
    await add(world, 'gone', '2026-12-01T04:00:00Z', { section })
    await digests.withdraw(world, 'cli', 'gone', 'لم يثبت')
    const place = await digests.find(world.db, 'daily')
    const { present, absent } = await digests.staged(world.db, place, { now: instant(world.now()) })
    const named = new Map(
      (await world.db.selectFrom('article').select(['id', 'guid']).execute()).map((row) => [row.id, row.guid]),
    )
    expect(present.map(({ article, form, waits }) => [named.get(article.id), form, waits])).toEqual([
      ['soon', 'full', true],
      ['full', 'headline', false],
    ])
    expect(
      Object.fromEntries(absent.map(({ article, why, day }) => [named.get(article.id), day ? `${why} ${day}` : why])),
    ).toEqual({
      ...{ sent: 'sent 2026-12-01', old: 'too-old', sport: 'other-section', embargo: 'embargoed', gone: 'withdrawn' },
    })
  })

  test('the choices go for every hour of the day, and for an edition that is made before its time', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await promise(world, { maxAge: '72h' })
    for (const n of [1, 2, 3]) await add(world, `g${n}`, `2026-12-01T0${n}:00:00Z`)
    const far = await subscribers.findSubscription(world.db, 'list', 'two@example.org')
    await digests.prefer(world, 'reader', far, { zone: 'Europe/London' })
    const ids = await publicIds(world)
    const { digest } = await digests.find(world.db, 'daily')
    const of = { digest, day: '2026-12-02' }
    await digests.arrange(world, 'cli', of, [ids.get('g1')!])
    await digests.leaveOut(world, 'cli', of, ids.get('g3')!)
    const letters = async () =>
      (await world.db.selectFrom('part').select(['text', 'from_seq']).orderBy('id').execute()).map(({ text }) =>
        [...text.matchAll(/خبر (g\d)/g)].map(([, guid]) => guid),
      )
    const staged = await digests.composeNow(world, 'cli', 'daily') // on the first, whose hour is past
    expect(staged).toMatchObject({ day: '2026-12-01', stories: 2, recipients: 1 })
    expect(await letters()).toEqual([['g1', 'g2']])
    expect(await world.db.selectFrom('stage').select('day').distinct().execute()).toEqual([{ day: '2026-12-01' }])
    await digests.composeDay(world, 'cli', 'daily') // the London reader's, of the same day
    expect(await letters()).toEqual([
      ['g1', 'g2'],
      ['g1', 'g2'],
    ])
    await digests.withdraw(world, 'cli', 'g2', 'لم يثبت') // a revision keeps the order
    world.clock.set('2026-12-02T08:30:00Z')
    await digests.composeDue(world, 'job')
    expect((await letters()).slice(-2)).toEqual([['g3'], ['g3']])
  })

  test('an order by hand outlives a revision, and each reader has it of what is new to them', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await promise(world)
    for (const n of [1, 2, 3, 4]) await add(world, `g${n}`, `2026-12-01T0${n}:00:00Z`)
    const ids = await publicIds(world)
    const { digest } = await digests.find(world.db, 'daily')
    const order = ['g1', 'g3', 'g2'].map((guid) => ids.get(guid)!)
    await digests.arrange(world, 'cli', { digest, day: '2026-12-02' }, order)
    const { edition } = await digests.composeNow(world, 'cli', 'daily')
    await digests.withdraw(world, 'cli', 'g3', 'لم يثبت')
    const { revision } = await editions.find(world.db, edition!)
    const part = await world.db
      .selectFrom('part')
      .select('text')
      .where('revision', '=', revision)
      .executeTakeFirstOrThrow()
    expect([...part.text.matchAll(/خبر (g\d)/g)].map(([, guid]) => guid)).toEqual(['g1', 'g2', 'g4'])
  })

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

  test('an edition is sent now, paused, resumed, watched until it is done, and reconciled', async () => {
    await using relay = await openRelay({
      rcpt: (to) => (to === 'two@example.org' ? '550 5.1.1 no such user' : '250 ok'),
    })
    await using desk = await openDesk(kind, { NASHRA_SMTP: relay.url })
    const { world } = desk
    await promise(world)
    await add(world, 'g1', '2026-12-01T01:00:00Z')
    await add(world, 'g2', '2026-12-01T02:00:00Z')
    const sender = await colleague(desk, 'sender')
    const editor = await colleague(desk, 'editor')
    expect((await editor.post('/admin/digests/daily/send')).status).toBe(403)
    const path = (await sender.post('/admin/digests/daily/send')).headers.get('location')!.replace('?told=done', '')
    expect(path).toMatch(/^\/admin\/digests\/editions\/[a-z0-9]{11}$/)
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
    expect(done).not.toContain('hx-trigger')
    expect(done).toMatch(/<progress max="2" value="2"/)
    expect(await (await sender.get(`${path}?count=1`)).text()).toContain('والحساب مطابق')
    const refused = await (await sender.get(`${path}/deliveries?state=refused`)).text()
    expect(refused).toContain('550 5.1.1 no such user')
    expect(refused).not.toContain('two@example.org') // a sender sees no readers
    const owner = await colleague(desk, 'owner')
    expect(await (await owner.get(`${path}/deliveries?state=refused`)).text()).toContain('two@example.org')
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
    const held = await editions.find(world.db, next.edition!)
    await world.db.updateTable('article').set({ withdrawn_at: held.composed_at }).where('guid', '=', 'g3').execute()
    await editions.hold(world.db, held.id, editions.WITHDRAWN, held.composed_at) // and whoever did died before the revision
    const page = await (await sender.get(`/admin/digests/editions/${next.edition}`)).text()
    for (const words of ['سُحب خبر من أخباره', 'لم يصل إلى أحد', `${next.edition}/revise`]) expect(page).toContain(words)
    expect((await sender.post(`/admin/digests/editions/${next.edition}/resume`)).status).toBe(409)
    expect((await sender.post(`/admin/digests/editions/${next.edition}/revise`)).status).toBe(303)
    expect(await editions.find(world.db, next.edition!)).toMatchObject({ state: 'frozen', revision: 2 })
    const table = await (await owner.get('/admin/digests/editions')).text()
    expect(table).toContain(path)
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
      for (const path of [
        ...pages,
        ...own,
        '/admin/digests/nothing',
        '/admin/digests/a%00b/coming',
        '/admin/digests/editions/zzzzzzzzzzz',
      ])
        expect([role, path, (await foreign.get(path)).status]).toEqual([role, path, 403])
      for (const path of [
        'daily/coming',
        'daily/coming/undo',
        'daily/change',
        'daily/test',
        'daily/send',
        `editions/${edition}/pause`,
        `editions/${edition}/resume`,
        `editions/${edition}/revise`,
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

/** A digest at 08:00 in Istanbul for two readers. */
async function promise(world: World, more: Partial<digests.Draft> = {}): Promise<void> {
  await subscribers.addList(world, 'cli', { slug: 'list', title: 'القائمة' })
  await digests.add(world, 'cli', {
    ...{ slug: 'daily', title: 'نشرة اليوم', channel: 'all', list: 'list', at: '08:00', zone: 'Europe/Istanbul' },
    ...more,
  })
  for (const name of ['one', 'two']) await join(world, `${name}@example.org`)
}

async function join(world: World, address: string): Promise<void> {
  await subscribers.importCsv(world, 'cli', Readable.from([`email\n${address}\n`]), { list: 'list' })
}

async function add(world: World, guid: string, published: string, more: Partial<articles.Draft> = {}): Promise<void> {
  const published_at = instant(Temporal.Instant.from(published))
  await articles.publish(world, 'cli', [
    { guid, title: `خبر ${guid}`, body_html: '<p>نص الخبر</p>', language: 'ar', published_at, ...more },
  ])
}

async function publicIds(world: World): Promise<Map<string, string>> {
  const rows = await world.db.selectFrom('article').select(['guid', 'public_id']).execute()
  return new Map(rows.map(({ guid, public_id }) => [guid, public_id]))
}

/** The stories that the page lists as the edition's, by their guids. */
async function shown(answer: Response): Promise<string[]> {
  const [, list = ''] = /<ol class="stage">(.*?)<\/ol>/s.exec(await answer.text()) ?? []
  return [...list.matchAll(/<bdi lang="ar">خبر (\w+)<\/bdi>/g)].map(([, guid]) => guid!)
}

async function told(world: World, day: string): Promise<string[]> {
  const page = (await digests.editionPage(world.read, 'daily', day))!
  return [...page.stories, ...page.headlines].map((story) => story.guid)
}

/** The two forms of a letter's source. */
function body(source: string): { text: string; html: string } {
  const [, boundary] = /boundary="([^"]+)"/.exec(source)!
  const [text, html] = source
    .split(`--${boundary}`)
    .slice(1, 3)
    .map((part) => part.slice(part.indexOf('\r\n\r\n') + 4).split('\r\n'))
    .map((lines) => lines.map((line) => Buffer.from(line, 'base64').toString('latin1')).join(''))
    .map((bytes) => Buffer.from(bytes, 'latin1').toString())
  return { text: text!, html: html! }
}
