import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import { colleague, openDesk } from './desk.ts'
import { bring, item, source } from './incoming.ts'
import { edition, mailing } from './mailing.ts'
import { type Colleague, fieldsOf, found, ROOM, written } from './newsdesk.ts'
import { databases } from './world.ts'

const SPEECH = { title: 'المجلس يقرّ الموازنة', body: '<p>أقرّ المجلس الموازنة فجرًا.</p>', section: 'سياسة' }

/** Presses "undo" on the page that a deed led to. */
async function undo(who: Colleague, answer: Response): Promise<string> {
  expect(answer.status).toBe(303)
  const page = await (await who.get(answer.headers.get('location')!)).text()
  const [, action, value] = /action="([^"]+undo[^"]*)"[\s\S]*?name="undo" value="([^"]+)"/.exec(page) ?? []
  const taken = await who.post(action!.replaceAll('&amp;', '&').replaceAll('&#38;', '&'), { undo: value! })
  return new URL(taken.headers.get('location')!, 'https://x').searchParams.get('told')!
}

describe.each(databases)('what is done with articles at the desk, on %s', (kind) => {
  test('a withdrawal needs a reason, says how far the story has come by letter, and can be taken back', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const id = await written(editor, SPEECH)
    const { world } = desk
    const list = await mailing(world, 3)
    const { id: sent } = await edition(world, list)
    const article = (await found(desk, id))!
    const part = await world.db.selectFrom('part').select('id').where('edition_id', '=', sent).executeTakeFirstOrThrow()
    await world.db
      .insertInto('part_article')
      .values({ part_id: part.id, position: 9, article_id: article.id, form: 'full' })
      .execute()
    await world.db.deleteFrom('tally').where('edition_id', '=', sent).execute()
    await world.db
      .insertInto('tally')
      .values([
        { edition_id: sent, state: 'submitted', n: 2 },
        { edition_id: sent, state: 'queued', n: 1 },
      ])
      .execute()
    await world.db.updateTable('account').set({ language: 'en' }).execute()
    const asked = await (await editor.get(`${ROOM}/${id}/withdraw`)).text()
    expect(asked).toContain('2 letters with it have gone out.')
    expect(asked).toContain('One letter with it is waiting, and is held back.')
    expect((await editor.post(`${ROOM}/${id}/withdraw`, { reason: ' ' })).status).toBe(422)
    const answer = await editor.post(`${ROOM}/${id}/withdraw`, { reason: 'الرقم خطأ' })
    expect((await found(desk, id))!.withdrawn_reason).toBe('الرقم خطأ')
    expect((await desk.request(`/a/${id}`)).status).toBe(410)
    expect((await editor.get(`${ROOM}/${id}/edit`)).status).toBe(409)
    expect(await undo(editor, answer)).toBe('undone')
    expect((await found(desk, id))!.withdrawn_at).toBeNull()
    await editor.post(`${ROOM}/${id}/withdraw`, { reason: 'مرة أخرى' })
    expect((await editor.post(`${ROOM}/${id}/restore`)).status).toBe(303)
    expect((await found(desk, id))!.withdrawn_at).toBeNull()
  })

  test('several at once are withdrawn or moved, and all come back; not once one has been changed since', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const other = await colleague(desk, 'owner')
    const ids = [await written(editor, SPEECH), await written(editor, { ...SPEECH, title: 'خبر ثانٍ عن الموازنة' })]
    const chosen = ids.map((id): [string, string] => ['id', id])
    const sections = async () => Promise.all(ids.map(async (id) => (await found(desk, id))!.section))
    expect((await editor.post(`${ROOM}/deeds`, [['deed', 'withdraw']])).status).toBe(422)
    for (const wrong of [
      { deed: 'section', words: ' ' },
      { deed: 'other', words: 'x' },
    ])
      expect((await editor.post(`${ROOM}/deeds`, { id: ids[0]!, ...wrong })).status).toBeGreaterThan(400)
    expect(await sections()).toEqual(['سياسة', 'سياسة'])
    desk.world.clock.advance({ minutes: 1 })
    const moved = await editor.post(`${ROOM}/deeds`, [
      ...chosen,
      ['deed', 'section'],
      ['words', 'اقتصاد'],
      ['back', 'q=x&evil=1'],
    ])
    expect(moved.headers.get('location')).toMatch(/^\/admin\/articles\?q=x&told=done&undo=\d+-\d+$/)
    expect(await sections()).toEqual(['اقتصاد', 'اقتصاد'])
    expect(await undo(editor, moved)).toBe('undone')
    expect(await sections()).toEqual(['سياسة', 'سياسة'])
    desk.world.clock.advance({ minutes: 1 })
    await desk.world.db.updateTable('account').set({ language: 'en' }).execute()
    const asked = await (await editor.post(`${ROOM}/deeds`, [...chosen, ['deed', 'withdraw'], ['back', 'q=x']])).text()
    expect(asked.match(/It has not gone out in any letter\./g)).toHaveLength(2) // each says how far it has come
    expect([...asked.matchAll(/name="id" value="([^"]+)"/g)].map(([, id]) => id)).toEqual(ids)
    const gone = await editor.post(`${ROOM}/deeds`, [...chosen, ['deed', 'withdraw'], ['words', 'تكرار']])
    const states = async () => Promise.all(ids.map(async (id) => (await found(desk, id))!.withdrawn_at === null))
    expect(await states()).toEqual([false, false])
    const token = /undo=([\d-]+)/.exec(gone.headers.get('location')!)![1]!
    const stranger = await other.post(`${ROOM}/undo`, { undo: token })
    expect([stranger.headers.get('location'), await states()]).toEqual([`${ROOM}?told=gone`, [false, false]])
    await other.post(`${ROOM}/${ids[0]}/restore`)
    expect(await undo(editor, gone)).toBe('gone')
    expect(await states()).toEqual([true, false])
  })

  test('several that were withdrawn are given back, one is made the lead, and each of it comes back', async () => {
    await using desk = await openDesk(kind)
    const [editor, other] = [await colleague(desk, 'editor'), await colleague(desk, 'owner')]
    const ids = [await written(editor, SPEECH), await written(editor, { ...SPEECH, title: 'خبر ثانٍ عن الموازنة' })]
    const deed = (deed: string, chosen: string[], words = '') => {
      desk.world.clock.advance({ minutes: 1 })
      const fields = chosen.map((id): [string, string] => ['id', id])
      return editor.post(`${ROOM}/deeds`, [...fields, ['deed', deed], ['words', words], ['back', 'state=withdrawn']])
    }
    const stand = async () => Promise.all(ids.map(async (id) => (await found(desk, id))!.withdrawn_at === null))
    expect((await deed('restore', ids)).status).toBe(409) // none is withdrawn
    await deed('withdraw', ids, 'تكرار')
    expect((await deed('withdraw', ids, 'تكرار')).status).toBe(409)
    expect(await (await editor.get(`${ROOM}?state=withdrawn`)).text()).toContain('name="deed" value="restore"')
    const back = await deed('restore', ids)
    expect(back.headers.get('location')).toMatch(/\?state=withdrawn&told=done&undo=/)
    expect(await stand()).toEqual([true, true])
    expect(await undo(editor, back)).toBe('undone')
    expect(await stand()).toEqual([false, false])
    expect((await found(desk, ids[0]!))!.withdrawn_reason).toBe('تكرار')
    const again = await deed('restore', ids)
    await other.post(`${ROOM}/${ids[1]}/withdraw`, { reason: 'ثانيةً' })
    expect([await undo(editor, again), await stand()]).toEqual(['gone', [true, false]])

    const lead = async () => (await articles.pinned(desk.world.db, instant(desk.world.now())))?.public_id
    expect((await deed('pin', ids)).status).toBe(422)
    expect((await deed('pin', [ids[1]!])).status).toBe(409) // it is withdrawn
    expect((await deed('unpin', [ids[0]!])).status).toBe(409)
    const pinned = await deed('pin', [ids[0]!])
    expect(await lead()).toBe(ids[0])
    const unpinned = await deed('unpin', ids)
    expect(await lead()).toBeUndefined()
    expect([await undo(editor, unpinned), await lead()]).toEqual(['undone', ids[0]])
    expect(await undo(editor, pinned)).toBe('gone') // it was ended and begun again since
    expect((await (await colleague(desk, 'reader')).post(`${ROOM}/deeds`, { id: ids[0]!, deed: 'pin' })).status).toBe(
      403,
    )
  })

  test('what somebody else did between is never taken back with it', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const other = await colleague(desk, 'owner')
    const id = await written(editor, SPEECH)
    const { world } = desk
    const section = async () => (await found(desk, id))!.section
    const move = (who: Colleague, words: string) => {
      world.clock.advance({ minutes: 1 })
      return who.post(`${ROOM}/deeds`, { id, deed: 'section', words })
    }
    const range = (answer: Response) => /undo=(\d+)-(\d+)/.exec(answer.headers.get('location')!)!
    const first = range(await move(editor, 'اقتصاد'))
    await move(other, 'رياضة')
    const last = range(await move(editor, 'ثقافة'))
    const both = await editor.post(`${ROOM}/undo`, { undo: `${first[1]}-${last[2]}` })
    expect([both.headers.get('location'), await section()]).toEqual([`${ROOM}?told=gone`, 'ثقافة'])
    const next = range(await move(editor, 'علوم'))
    await editor.post(`${ROOM}/undo`, { undo: `${last[1]}-${next[2]}` })
    expect(await section()).toBe('رياضة') // two of one's own: the last first
  })

  test('what an article said before a change can be seen and put back', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const id = await written(editor, SPEECH)
    for (let n = 1; n <= 52; n++) {
      desk.world.clock.advance({ minutes: 1 })
      const { fingerprint: base } = (await found(desk, id))!
      await written(editor, { ...SPEECH, article: id, base, published: '', body: `<p>الصيغة ${n}</p>` })
    }
    const page = await (await editor.get(`${ROOM}/${id}`)).text()
    const revisions = [...page.matchAll(new RegExp(`/${id}/revisions/(\\d+)`, 'g'))].map(([, revision]) => revision!)
    expect(revisions).toHaveLength(50) // the two oldest are gone
    const oldest = `${ROOM}/${id}/revisions/${revisions.at(-1)}`
    expect(await (await editor.get(`${oldest}/preview`)).text()).toContain('<p>الصيغة 2</p>')
    expect((await (await colleague(desk, 'reader')).post(oldest)).status).toBe(403)
    const back = await editor.post(oldest)
    expect((await found(desk, id))!.body_html).toBe('<p>الصيغة 2</p>')
    expect(await undo(editor, back)).toBe('undone')
    expect((await found(desk, id))!.body_html).toBe('<p>الصيغة 52</p>')
    const another = await written(editor, { ...SPEECH, title: 'مقال آخر عن شيء آخر' })
    expect((await editor.get(`${ROOM}/${another}/revisions/${revisions[0]}`)).status).toBe(404)
  })

  test('a pinned story leads the front page until its hour, wherever it would stand else', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const id = await written(editor, { ...SPEECH, title: 'قصة قديمة تستحق الصدارة', published: '2026-01-05T08:00' })
    for (let n = 0; n < 35; n++) await written(editor, { ...SPEECH, title: `خبر جديد رقم ${n} هذا الصباح` })
    const lead = async () =>
      /class="lead"[\s\S]*?<h2><a [^>]*>([^<]+)</.exec(await (await desk.request('/')).text())![1]
    expect(await lead()).toContain('خبر جديد')
    expect((await editor.post(`${ROOM}/${id}/pin`, { until: '2026-11-01T08:00' })).status).toBe(422)
    expect((await editor.post(`${ROOM}/${id}/pin`, { until: '2026-12-02T12:00' })).status).toBe(303)
    desk.world.clock.advance({ seconds: 11 })
    expect(await lead()).toBe('قصة قديمة تستحق الصدارة')
    desk.world.clock.set('2026-12-02T09:00:30Z') // 12:00 in Istanbul
    expect(await lead()).toContain('خبر جديد')
    const owner = await colleague(desk, 'owner')
    const again = await owner.post(`${ROOM}/${id}/pin`, { until: '2026-12-03T12:00' })
    expect(await undo(owner, again)).toBe('undone')
    expect(await articles.pinned(desk.world.db, instant(desk.world.now()))).toBeUndefined()
  })

  test('undoing a pin brings back what it displaced, and never takes back what somebody else pinned since', async () => {
    await using desk = await openDesk(kind)
    const [editor, owner] = [await colleague(desk, 'editor'), await colleague(desk, 'owner')]
    const id = await written(editor, SPEECH)
    const others = await written(editor, { ...SPEECH, title: 'ما ثبّته زميل آخر قبل ذلك' })
    const pinned = async () => (await articles.pinned(desk.world.db, instant(desk.world.now())))?.public_id
    const until = '2026-12-03T12:00'
    await editor.post(`${ROOM}/${others}/pin`, { until })
    const over = await owner.post(`${ROOM}/${id}/pin`, { until })
    expect(await pinned()).toBe(id)
    expect(await undo(owner, over)).toBe('undone')
    expect(await pinned()).toBe(others)
    const mine = await owner.post(`${ROOM}/${id}/pin`, { until })
    await editor.post(`${ROOM}/${others}/pin`, { until })
    expect(await undo(owner, mine)).toBe('gone')
    expect(await pinned()).toBe(others)
  })

  test('a story stands where its channels and editions are named', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    await channels.add(desk.world, 'cli', { slug: 'politics', title: 'قناة السياسة', filter: { section: ['سياسة'] } })
    await channels.add(desk.world, 'cli', { slug: 'sport', title: 'قناة الرياضة', filter: { section: ['رياضة'] } })
    const id = await written(editor, SPEECH)
    const page = await (await (await colleague(desk, 'reader')).get(`${ROOM}/${id}`)).text()
    expect(page).toContain('قناة السياسة')
    expect(page).not.toContain('قناة الرياضة')
    expect(page).toContain(`https://news.example/a/${id}`)
    expect(page).not.toContain(`${ROOM}/${id}/edit`)
  })

  test('the desk’s words stay on a source’s story until the source changes its own, and the page says which stands', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const { world } = desk
    const partner = await source(world, 'partner')
    await bring(world, partner, [item('1')])
    const [story] = await articles.latest(world.db, { now: instant(world.now()), limit: 1 })
    const id = story!.public_id
    world.clock.advance({ minutes: 5 })
    const fields = fieldsOf(await (await editor.get(`${ROOM}/${id}/edit`)).text())
    await written(editor, { ...fields, body: '<p>صاغه التحرير.</p>' })
    world.clock.advance({ minutes: 5 })
    expect(await bring(world, partner, [item('1')])).toMatchObject({ unchanged: 1, revised: 0 })
    expect((await found(desk, id))!.body_html).toBe('<p>صاغه التحرير.</p>')
    await world.db.updateTable('account').set({ language: 'en' }).execute()
    expect(await (await editor.get(`${ROOM}/${id}`)).text()).toContain('The desk’s text stands')
    world.clock.advance({ minutes: 5 })
    await bring(world, partner, [item('1', { html: '<p>نص الشريك المنقّح</p>' })])
    expect((await found(desk, id))!.body_html).toBe('<p>نص الشريك المنقّح</p>')
    const page = await (await editor.get(`${ROOM}/${id}`)).text()
    expect(page).toContain('The source has changed its text since the desk’s edit')
    const revision = /\/revisions\/(\d+)/.exec(page)![1]
    expect((await editor.post(`${ROOM}/${id}/revisions/${revision}`)).status).toBe(303)
    expect((await found(desk, id))!.body_html).toBe('<p>صاغه التحرير.</p>')
  })

  test('what waits for review is released or refused, and waits again when that is undone', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const { world } = desk
    const agency = await source(world, 'agency', { intake: 'hold' })
    await bring(world, agency, [item('1', { html: '<p>نص<script>alert(1)</script></p>' }), item('2')])
    const list = async () => (await editor.get(`${ROOM}?state=waiting`)).text()
    const ids = [...(await list()).matchAll(/name="id" value="([^"]+)"/g)].map(([, id]) => id!)
    expect(ids).toHaveLength(2)
    const shown = await editor.get(`${ROOM}/review/${ids[0]}/preview`)
    expect(shown.headers.get('content-security-policy')).toContain('sandbox')
    expect((await editor.get(`${ROOM}/review/${ids[0]}`)).status).toBe(200)
    world.clock.advance({ minutes: 1 })
    const released = await editor.post(`${ROOM}/review`, [
      ['id', ids[0]!],
      ['id', ids[1]!],
      ['deed', 'release'],
      ['back', 'state=waiting'],
    ])
    const latest = () => articles.latest(world.db, { now: instant(world.now()), limit: 10 })
    expect(await latest()).toHaveLength(2)
    expect(await undo(editor, released)).toBe('undone')
    expect([await latest(), (await list()).match(/name="id"/g)]).toMatchObject([[], { length: 2 }])
    world.clock.advance({ minutes: 1 })
    await editor.post(`${ROOM}/review`, [
      ['id', ids[0]!],
      ['deed', 'release'],
    ])
    expect((await latest()).map(({ withdrawn_at }) => withdrawn_at)).toEqual([null])
    const refused = await editor.post(`${ROOM}/review`, [
      ['id', ids[1]!],
      ['deed', 'refuse'],
      ['back', 'state=waiting'],
    ])
    expect((await list()).includes(ids[1]!)).toBe(false)
    expect(await undo(editor, refused)).toBe('undone')
    expect((await list()).includes(ids[1]!)).toBe(true)
    world.clock.advance({ minutes: 1 })
    await bring(world, agency, [item('1', { html: '<p>تعديل ينتظر</p>' })])
    const change = await editor.post(`${ROOM}/review`, [
      ['id', ids[0]!],
      ['deed', 'release'],
      ['back', 'state=waiting'],
    ])
    expect((await latest())[0]!.body_html).toBe('<p>تعديل ينتظر</p>')
    expect(await undo(editor, change)).toBe('undone')
    expect((await latest())[0]!.body_html).not.toBe('<p>تعديل ينتظر</p>')
    expect((await list()).includes(ids[0]!)).toBe(true)
    expect(
      (await (await colleague(desk, 'reader')).post(`${ROOM}/review`, { id: ids[0]!, deed: 'release' })).status,
    ).toBe(403)
  })
})
