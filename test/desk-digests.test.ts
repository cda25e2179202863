import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as channels from '../src/channels.ts'
import * as digests from '../src/digests/index.ts'
import * as editions from '../src/editions.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, openDesk } from './desk.ts'
import { add, promise, publicIds, shown, told } from './digests-room.ts'
import { databases } from './world.ts'

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
    expect(page).toMatch(/استبعده \p{Cf}?editor-0@news\.example/u)
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
    const path = '/admin/digests/daily/coming'
    expect(await (await (await colleague(desk, 'reader')).get(path)).text()).toContain('خبر sport')
    const ofList = await colleague(desk, 'editor', (await subscribers.findList(world.db, 'list')).id)
    const theirs = await (await ofList.get(path)).text()
    expect([theirs.includes('خبر full'), theirs.includes('خبر gone'), theirs.includes('خبر sport')]).toEqual([
      true,
      true,
      false,
    ])
    const later = await ofList.get('/admin/digests/daily/preview?as=text&at=2026-12-03T08:00')
    expect(await later.text()).not.toContain('خبر embargo')
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
})
