import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import { colleague, openDesk } from './desk.ts'
import { type Colleague, fieldsOf, found, ROOM, sheet, written } from './newsdesk.ts'
import { databases } from './world.ts'

const STORY = { title: 'العبّارة الأولى تصل', body: '<p>وصلت العبّارة صباحًا.</p>' }

/** Keeps what is being written, as a page does by itself, and answers what it then has in its hidden fields. */
async function autosaved(who: Colleague, typed: Record<string, string>) {
  const answer = await who.post(`${ROOM}/autosave`, { ...Object.fromEntries(sheet(typed) as never), ...typed })
  expect(answer.status).toBe(200)
  const page = await answer.text()
  return { ...fieldsOf(page), words: page.replace(/<[^>]+>/g, '') } as { draft: string; version: string; words: string }
}

function picture() {
  return sharp({ create: { width: 640, height: 480, channels: 3, background: '#345' } })
    .jpeg()
    .toBuffer()
}

describe.each(databases)('writing at the desk, on %s', (kind) => {
  test('what is being written is kept and published by nobody; the later of two savings stands beside the first', async () => {
    await using desk = await openDesk(kind)
    const [one, other] = [await colleague(desk, 'editor'), await colleague(desk, 'owner')]
    const first = await autosaved(one, STORY)
    const second = await autosaved(one, { ...STORY, ...first, body: '<p>صيغة ثانية</p>' })
    expect([second.draft, second.version]).toEqual([first.draft, '2'])
    expect(await articles.newestId(desk.world.db)).toBe(0)
    const beside = await autosaved(other, { ...STORY, ...first, title: 'من صفحة\u0000 قديمة' })
    expect(beside.draft).not.toBe(first.draft)
    const list = await (await one.get(`${ROOM}?state=draft`)).text()
    for (const title of [STORY.title, 'من صفحة قديمة']) expect(list).toContain(title)
    const opened = fieldsOf(await (await other.get(`${ROOM}/drafts/${second.draft}`)).text())
    expect(opened).toMatchObject({ title: STORY.title, body: '<p>صيغة ثانية</p>', version: '2' })
    const id = await written(other, opened)
    expect((await found(desk, id))!.body_html).toBe('<p>صيغة ثانية</p>')
    expect((await other.get(`${ROOM}/drafts/${second.draft}`)).status).toBe(404)
    expect((await other.post(`${ROOM}/drafts/${beside.draft}/drop`)).status).toBe(303)
    expect((await (await one.get(`${ROOM}?state=draft`)).text()).includes('من صفحة قديمة')).toBe(false)
    expect((await (await colleague(desk, 'reader')).get(`${ROOM}/drafts/${beside.draft}`)).status).toBe(403)
  })

  test('a second press on the button publishes nothing twice, and a key is nothing but a UUID', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const blank = fieldsOf(await (await editor.get(`${ROOM}/new`)).text())
    const opened = { ...blank, ...STORY, deed: 'publish' }
    const kept = await autosaved(editor, opened)
    const pressed = { ...opened, draft: kept.draft, version: kept.version }
    const [first, second] = await Promise.all([written(editor, pressed), written(editor, pressed)])
    expect(second).toBe(first)
    desk.world.clock.advance({ minutes: 1 })
    expect(await written(editor, { ...pressed, title: 'العبّارة الأولى تصل متأخرة' })).toBe(first)
    const count = async () => (await desk.world.db.selectFrom('article').select('id').execute()).length
    expect([await count(), (await found(desk, first))!.title]).toEqual([1, 'العبّارة الأولى تصل متأخرة'])
    for (const key of ['x', '../1', '']) await written(editor, { ...STORY, title: `خبر ${key}`, key })
    expect(await count()).toBe(4)
    const other = fieldsOf(await (await editor.get(`${ROOM}/new`)).text())
    expect(other['key']).not.toBe(blank['key'])
  })

  test('publishing lets no draft go that somebody else has saved meanwhile, and says so', async () => {
    await using desk = await openDesk(kind)
    const [one, other] = [await colleague(desk, 'editor'), await colleague(desk, 'owner')]
    const mine = await autosaved(one, STORY)
    await autosaved(other, { ...STORY, ...mine, body: '<p>ما أضافه الآخر</p>' })
    const { words: _, ...hidden } = mine
    const answer = await one.send(`${ROOM}/save`, sheet({ ...STORY, ...hidden }))
    expect(answer.headers.get('location')).toContain('told=beside')
    const left = fieldsOf(await (await other.get(`${ROOM}/drafts/${mine.draft}`)).text())
    expect(left['body']).toBe('<p>ما أضافه الآخر</p>')
  })

  test('what is being written is seen as readers will see it, kept or not, whatever is missing, and runs nothing', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const evil = '<p onclick="x()">نص المسودة<script>alert(1)</script></p>'
    const half = { title: '', body: evil, language: 'xx-??', url: 'not one', published: 'soon', image_alt: 'x' }
    const shown = await editor.post(`${ROOM}/preview`, half)
    expect(shown.status).toBe(200)
    expect(shown.headers.get('content-security-policy')).toMatch(/sandbox allow-popups/)
    const page = await shown.text()
    expect(page).toContain('<p>نص المسودة</p>')
    expect(page).not.toMatch(/<script|onclick/)
    expect(await desk.world.db.selectFrom('article_draft').select('id').execute()).toEqual([]) // looking keeps nothing
    const id = await written(editor, { ...STORY, summary: 'سطر أول' })
    const fields = fieldsOf(await (await editor.get(`${ROOM}/${id}/edit`)).text())
    const about = await (await editor.post(`${ROOM}/preview`, { ...fields, title: 'عنوان لم يُحفظ' })).text()
    expect(about).toMatch(/عنوان لم يُحفظ[\s\S]*سطر أول[\s\S]*وصلت العبّارة صباحًا/)
    const { draft } = await autosaved(editor, { ...fields, title: 'عنوان مسودة' })
    const kept = await editor.get(`${ROOM}/drafts/${draft}/preview`)
    expect(kept.headers.get('content-security-policy')).toMatch(/sandbox allow-popups/)
    expect(await kept.text()).toContain('عنوان مسودة')
    expect((await found(desk, id))!.title).toBe(STORY.title)
    const reader = await colleague(desk, 'reader')
    expect((await reader.get(`${ROOM}/drafts/${draft}/preview`)).status).toBe(403)
    expect((await reader.post(`${ROOM}/preview`, half)).status).toBe(403)
    expect((await desk.post(`${ROOM}/preview`, half)).status).toBe(401)
  })

  test('a draft longer than anybody can publish is not kept', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const long = (typed: Record<string, string>) => editor.post(`${ROOM}/autosave`, typed)
    expect((await long({ body: 'x'.repeat(2_000_001) })).status).toBe(422)
    expect((await long({ published: 'x'.repeat(2001) })).status).toBe(422)
    expect(await desk.world.db.selectFrom('article_draft').select('id').execute()).toEqual([])
  })

  test('a draft is kept without JavaScript, too', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const answer = await editor.send(`${ROOM}/save`, sheet({ ...STORY, title: '', deed: 'draft' }))
    const page = await (await editor.get(answer.headers.get('location')!)).text()
    expect(fieldsOf(page)).toMatchObject({ body: STORY.body, version: '1' })
    expect(await articles.newestId(desk.world.db)).toBe(0)
  })

  test('who saves over somebody else’s change is told, keeps his words, and may still do so knowingly', async () => {
    await using desk = await openDesk(kind)
    const [one, other] = [await colleague(desk, 'editor'), await colleague(desk, 'owner')]
    const id = await written(one, STORY)
    const opened = async (who: Colleague) => fieldsOf(await (await who.get(`${ROOM}/${id}/edit`)).text())
    const [mine, theirs] = [await opened(one), await opened(other)]
    desk.world.clock.advance({ minutes: 1 })
    await written(other, { ...theirs, body: '<p>ما كتبه الآخر</p>' })
    const refused = await one.send(`${ROOM}/save`, sheet({ ...mine, body: '<p>ما كتبته أنا</p>' }))
    expect(refused.status).toBe(409)
    expect((await found(desk, id))!.body_html).toBe('<p>ما كتبه الآخر</p>')
    const again = fieldsOf(await refused.text())
    expect(again['body']).toBe('<p>ما كتبته أنا</p>')
    expect(await (await other.get(`${ROOM}?state=draft`)).text()).toContain(again['draft'])
    await written(one, again)
    expect((await found(desk, id))!.body_html).toBe('<p>ما كتبته أنا</p>')
    const [last] = await articles.revisions(desk.world.db, (await found(desk, id))!.id)
    const before = await articles.revision(desk.world.db, (await found(desk, id))!.id, last!.id)
    expect(before!.said.body_html).toBe('<p>ما كتبه الآخر</p>')
  })

  test('a picture wants words, and one within a text is ours and fetched from nowhere', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const form = sheet(STORY)
    form.set('picture', new File([await picture()], 'x.jpg'))
    const refused = await editor.send(`${ROOM}/save`, form)
    expect(refused.status).toBe(422)
    const fields = fieldsOf(await refused.text())
    expect(fields['image']).toMatch(/^[0-9a-f]{24}$/)
    const id = await written(editor, {
      ...fields,
      image_alt: 'عبّارة بيضاء',
      image_caption: 'عند الرصيف',
      image_credit: 'س. ح.',
    })
    expect(await found(desk, id)).toMatchObject({
      image_alt: 'عبّارة بيضاء',
      image_caption: 'عند الرصيف',
      image_url: null,
    })
    expect((await found(desk, id))!.picture!.hash).toBe(fields['image'])
    const kept = fieldsOf(await (await editor.get(`${ROOM}/${id}/edit`)).text())
    await written(editor, { ...kept, title: 'العبّارة تغادر' })
    expect((await found(desk, id))!.picture!.hash).toBe(fields['image'])
    await written(editor, { ...kept, title: 'العبّارة تغادر', base: '', image_gone: '1' })
    expect((await found(desk, id))!.image_id).toBeNull()

    const inner = new FormData()
    inner.set('picture', new File([await picture()], 'x.jpg'))
    expect((await editor.send(`${ROOM}/pictures`, inner)).status).toBe(422)
    inner.set('alt', 'رصيف "قديم" <b>')
    const figure = await (await editor.send(`${ROOM}/pictures`, inner)).text()
    expect(figure).toMatch(
      /^<figure><img src="https:\/\/news\.example\/m\/[0-9a-f]{24}-640\.jpg" alt="رصيف &quot;قديم&quot; &lt;b&gt;"/,
    )
    const shown = await written(editor, { title: 'صورة داخل النص', body: `<p>نص</p>${figure}` })
    await articles.keepPictures(desk.world, 'job', { signal: AbortSignal.timeout(9000) })
    desk.world.clock.advance({ seconds: 11 })
    const page = await (await desk.request(`/a/${shown}/صورة-داخل-النص`)).text()
    expect(page).toMatch(/<figure><img loading="lazy"[^>]* src="\/m\/[0-9a-f]{24}-640\.jpg" srcset=/)
    expect(await desk.world.db.selectFrom('download').select('url').execute()).toEqual([]) // nobody was asked
    inner.set('picture', new File(['<svg onload="alert(1)"/>'], 'x.svg'))
    expect((await editor.send(`${ROOM}/pictures`, inner)).status).toBe(422)
  })

  test('a text longer than a megabyte is saved whole, and one that is too long not at all', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const body = `<p>${'كلمة '.repeat(150_000).trim()}</p>`
    const id = await written(editor, { title: 'نص طويل جدًا من الأرشيف', body })
    expect((await found(desk, id))!.body_html).toBe(body)
    const long = sheet({ title: 'أطول', body: 'x'.repeat(2_000_001) })
    expect((await editor.send(`${ROOM}/save`, long)).status).toBe(422)
  })

  test('the excerpt is the one that lists will show; an hour to come holds a story back until then', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const body = `<p>${Array.from({ length: 20 }, (_, n) => `كلمة${n}`).join(' ')}</p>`
    const said = await editor.post(`${ROOM}/excerpt`, { body, language: 'ar', summary: '' })
    const id = await written(editor, { ...STORY, body, published: '2026-12-01T13:30' })
    expect(await said.text()).toBe((await found(desk, id))!.excerpt)
    expect((await found(desk, id))!.published_at).toBe(Date.parse('2026-12-01T10:30:00Z')) // Istanbul
    expect((await editor.get(`${ROOM}?state=scheduled`)).status).toBe(200)
    expect(await (await editor.get(`${ROOM}?state=scheduled`)).text()).toContain(id)
    expect((await desk.request(`/a/${id}`)).status).toBe(404)
    desk.world.clock.set('2026-12-01T10:30:11Z')
    expect((await desk.request(`/a/${id}`)).status).toBe(301)
    expect(await articles.latest(desk.world.db, { now: instant(desk.world.now()), limit: 1 })).toHaveLength(1)
    const wrong = await editor.send(`${ROOM}/save`, sheet({ ...STORY, published: 'tomorrow' }))
    expect(wrong.status).toBe(422)
  })

  test('a reader of the desk looks and changes nothing', async () => {
    await using desk = await openDesk(kind)
    const id = await written(await colleague(desk, 'editor'), STORY)
    const reader = await colleague(desk, 'reader')
    for (const path of [ROOM, `${ROOM}/${id}`, `${ROOM}/${id}/preview`, `${ROOM}?state=waiting`])
      expect([path, (await reader.get(path)).status]).toEqual([path, 200])
    expect(await (await reader.get(ROOM)).text()).not.toContain(`${ROOM}/deeds`)
    for (const path of [`${ROOM}/new`, `${ROOM}/${id}/edit`, `${ROOM}/${id}/withdraw`])
      expect([path, (await reader.get(path)).status]).toEqual([path, 403])
    expect((await reader.send(`${ROOM}/save`, sheet(STORY))).status).toBe(403)
    expect((await reader.post(`${ROOM}/deeds`, { id, deed: 'withdraw', words: 'x' })).status).toBe(403)
  })
})
