import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import { colleague, openDesk } from './desk.ts'
import { bring, item, source } from './incoming.ts'
import { fieldsOf, found, ROOM, sheet, written } from './newsdesk.ts'
import { databases } from './world.ts'

describe.each(databases)('the articles at the desk, on %s', (kind) => {
  test('are written, cleaned, published, and found by words that are marked', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const id = await written(editor, {
      title: 'زلزال يهزّ المضيق',
      summary: 'لا إصابات',
      body: '<p onclick="x()">هزّة فجرًا<script>alert(1)</script></p><p><a href="javascript:alert(1)">هنا</a></p>',
      section: 'محليات',
      tags: 'زلازل، المضيق',
      authors: 'سعاد الحلبي',
    })
    const article = (await found(desk, id))!
    expect(article).toMatchObject({ source_id: 0, section: 'محليات', summary: 'لا إصابات', excerpt: 'لا إصابات' })
    expect([article.tags, article.authors]).toEqual([['زلازل', 'المضيق'], ['سعاد الحلبي']])
    expect(article.body_html).toBe('<p>هزّة فجرًا</p><p><a>هنا</a></p>')
    const page = await (await editor.get(`${ROOM}?q=${encodeURIComponent('زلزال')}`)).text()
    expect(page).toContain('<mark>زلزال</mark>')
    expect(await (await editor.get(`${ROOM}?q=${encodeURIComponent('بركان')}`)).text()).not.toContain(id)
    for (const [name, value, there] of [
      ['section', 'محليات', true],
      ['section', 'رياضه', false],
      ['author', 'سُعاد الحلبي', true],
      ['author', 'غيرها', false],
      ['language', 'tr', false],
      ['source', '0', true],
      ['state', 'published', true],
      ['state', 'scheduled', false],
      ['state', 'withdrawn', false],
    ] as const) {
      const shown = await (await editor.get(`${ROOM}?${new URLSearchParams({ [name]: value })}`)).text()
      expect([name, value, shown.includes(`${ROOM}/${id}"`)]).toEqual([name, value, there])
    }
    expect((await desk.request(`/a/${id}/${'x'}`)).status).toBe(301)
  })

  test('are found among drafts and among what waits by the same filters, a page at a time', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    const editor = await colleague(desk, 'editor')
    await written(editor, { title: 'خبر منشور في السياسة', section: 'سياسة' }) // so that the filter offers it
    const kept = async (typed: Record<string, string>) =>
      /\/drafts\/([a-z0-9]+)/.exec(
        (await editor.send(`${ROOM}/save`, sheet({ ...typed, deed: 'draft' }))).headers.get('location')!,
      )![1]!
    const quake = await kept({ title: 'الزّلزال يهزّ المضيق', section: 'سياسة', language: 'ar' })
    const other = await kept({ title: 'Ferry late again', section: 'Harbour', language: 'en' })
    const [hold, also] = [
      await source(world, 'agency', { intake: 'hold' }),
      await source(world, 'wire', { intake: 'hold' }),
    ]
    await bring(world, hold, [item('1', { title: 'زلزال ينتظر المراجعة', authors: ['سعاد الحلبي'] }), item('2')])
    await bring(world, also, [item('3', { title: 'Harbour closed' })])
    const shown = async (query: Record<string, string>) =>
      (await editor.get(`${ROOM}?${new URLSearchParams(query)}`)).text()
    const rows = (page: string) => /<tbody>[\s\S]*<\/tbody>/.exec(page)?.[0] ?? ''
    for (const [filter, ids] of [
      [{ q: 'زلزال' }, [quake]],
      [{ q: 'ferry again' }, [other]],
      [{ q: 'بركان' }, []],
      [{ section: 'سياسه' }, [quake]],
      [{ language: 'en' }, [other]],
      [{ source: '0' }, [quake, other]],
      [{ source: String(hold.id) }, []],
      [{ author: 'editor-0@news' }, [quake, other]],
      [{ author: 'nobody' }, []],
    ] as const) {
      const page = rows(await shown({ ...filter, state: 'draft' }))
      expect([filter, [quake, other].filter((id) => page.includes(id))]).toEqual([filter, ids])
    }
    expect(await shown({ q: 'زلزال', state: 'draft' })).toContain('<mark>')
    const titles = ['زلزال', 'رقم 2', 'Harbour']
    for (const [filter, found] of [
      [{ q: 'harbour' }, ['Harbour']],
      [{ source: String(also.id) }, ['Harbour']],
      [{ author: 'سعاد' }, ['زلزال']],
      [{ language: 'tr' }, []],
    ] as const) {
      const page = rows(await shown({ ...filter, state: 'waiting' })).replace(/<\/?mark>/g, '')
      expect([filter, titles.filter((title) => page.includes(title))]).toEqual([filter, found])
    }
    for (let n = 0; n < 60; n++) await kept({ title: `Number ${n} of many`, language: 'tr' })
    const first = await shown({ q: 'many', state: 'draft' })
    const next = /rel="next" href="([^"]+)"/.exec(first)![1]!.replaceAll('&amp;', '&').replaceAll('&#38;', '&')
    const second = await (await editor.get(next)).text()
    expect([first, second].map((page) => rows(page).match(/Number|of/g)!.length)).toEqual([100, 20])
    expect(second).not.toContain('rel="next"')
  })

  test('opened in the editor and saved unchanged are the same, to the byte', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const body = '\n<p>أولًا\r\nمي‌خواهم &amp; &lt;ب&gt; \u00a0</p>\n\n<ul><li>أ<ul><li dir="ltr">b</li></ul></li></ul>\n'
    await articles.publish(desk.world, 'cli', [
      {
        ...{ guid: 'https://old.example/?p=7', title: 'عنوان "بين" <قوسين>', body_html: body, language: 'ar' },
        ...{ tags: ['واحد', 'a, b'], authors: ['فلان'], url: 'https://old.example/x', updated_at: 1e12 as never },
        image: { url: 'https://old.example/x.jpg', caption: 'شرح' },
      },
    ])
    const [before] = await articles.latest(desk.world.db, { now: instant(desk.world.now()), limit: 1 })
    const opened = await (await editor.get(`${ROOM}/${before!.public_id}/edit`)).text()
    const fields = fieldsOf(opened)
    expect(fields['body']!.replaceAll('\r', '')).toBe(body.replaceAll('\r', ''))
    fields['body'] = fields['body']!.replace(/\r?\n/g, '\r\n') // as a browser sends it
    const answer = await editor.send(`${ROOM}/save`, sheet({ ...fields, deed: 'publish' }))
    expect(answer.status).toBe(303)
    expect(await found(desk, before!.public_id)).toEqual(before)
    const changed = await editor.send(`${ROOM}/save`, sheet({ ...fields, title: 'عنوان آخر' }))
    expect(changed.status).toBe(303)
    const after = (await found(desk, before!.public_id))!
    expect(after).toMatchObject({ title: 'عنوان آخر', body_html: body, guid: before!.guid, tags: before!.tags })
    expect(after).toMatchObject({ published_at: before!.published_at, image_url: before!.image_url })
  })
})
