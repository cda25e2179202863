import axe from 'axe-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as articles from '../../src/articles/index.ts'
import { clean } from '../../src/text.ts'
import { browserPath, type Newsroom, openNewsroom, paste } from '../editing.ts'

const ZWNJ = '\u200c'
/** What editors take apart: nesting, tables, figures, directions within directions, signs that are not seen. */
const HARD = [
  `<p>می${ZWNJ}خواهم و «می${ZWNJ}روم» &amp; &lt;ب&gt; \u00a0\u00a0 ثلاث  فراغات</p>`,
  '<p dir="ltr">English <bdi>عربي</bdi> (<span>x</span>) 12–14</p>'.replace(/<\/?span>/g, ''),
  '<ul><li>أ<ul><li dir="ltr">b</li><li><ol><li>ج</li></ol></li></ul></li><li><p>د</p><p>هـ</p></li></ul>',
  '<table><caption>جدول</caption><thead><tr><th scope="col">س</th><th colspan="2">ص</th></tr></thead><tbody><tr><td>1</td><td rowspan="2"><p>2</p></td><td></td></tr><tr><td>3</td><td>4</td></tr></tbody></table>',
  '<figure><img src="https://old.example/a.jpg" alt="شرح &quot;بديل&quot;" width="640" height="480" /><figcaption>صورة <em>قديمة</em></figcaption></figure>',
  '<blockquote><p>قال: <strong>نعم</strong>.</p><blockquote><p>وقيل: <b>لا</b>.</p></blockquote></blockquote>',
  '<pre>سطر\n  سطر ثانٍ\n</pre>',
  '<h2>عنوان</h2>',
  '<dl><dt>كلمة</dt><dd>شرح</dd></dl>',
  '<div>نص في <a href="https://example.org/?a=1&amp;b=2" title="ت">رابط</a><br />وسطر<hr />بعده</div>',
  '<p>H<sub>2</sub>O <time datetime="2026-01-01">اليوم</time> <abbr>ش</abbr> <mark>م</mark> <small>ص</small></p>',
]

describe.skipIf(!browserPath)('the editor in a browser', () => {
  let room: Newsroom
  beforeAll(async () => {
    room = await openNewsroom()
  })
  afterAll(() => room?.[Symbol.asyncDispose]())

  test.each([
    ['with line ends between the blocks', HARD.join('\n')],
    ['without them', HARD.join('')],
    ['with the line ends of another system', `\r\n${HARD.join('\r\n\r\n')}\r\n`],
    ['and text outside of any block', `قبل ${HARD.slice(0, 3).join(' بين ')} بعد`],
    ['of nothing', ''],
  ])('an article that is opened and saved is the same to the byte, %s', async (name, body) => {
    const before = await room.held(`same ${name}`, body)
    for (const options of [{}, { javaScriptEnabled: false }]) {
      const page = await room.signedIn(options)
      await page.goto(`${room.server.url}/admin/articles/${before.public_id}/edit`)
      expect(await page.locator('#editor').count()).toBe('javaScriptEnabled' in options ? 0 : 1)
      await room.save(page)
      expect(page.complaints).toEqual([])
      await page.context().close()
    }
    expect(await room.stored(`same ${name}`)).toEqual(before)
  })

  test('of one that is written in, only the block changes where it was written', async () => {
    const blocks = HARD.map((block) => clean(block)) // as everything comes in
    const before = await room.held('one block', blocks.join('\n'))
    const page = await room.signedIn()
    await page.goto(`${room.server.url}/admin/articles/${before.public_id}/edit`)
    await page.locator('#editor h2').click()
    await page.keyboard.press('End')
    await page.keyboard.type(' جديد')
    await room.save(page)
    const changed = blocks.map((block) => block.replace('<h2>عنوان</h2>', '<h2>عنوان جديد</h2>'))
    expect((await room.stored('one block')).body_html).toBe(changed.join('\n'))
    await page.goto(`${room.server.url}/admin/articles/${before.public_id}/edit`)
    await page.locator('#editor h2').click()
    await page.keyboard.press('End')
    await page.keyboard.type('!')
    await page.keyboard.press('Control+z')
    await room.save(page)
    expect((await room.stored('one block')).body_html).toBe(changed.join('\n'))
    await page.context().close()
  })

  test('a new article is written by keyboard, kept while one writes, and shown as it will appear', async () => {
    const page = await room.signedIn()
    await page.goto(`${room.server.url}/admin/articles/new`)
    await page.fill('#title', 'مقال يُكتب بلوحة المفاتيح')
    await page.locator('#editor').focus()
    await page.keyboard.type('فقرة أولى ')
    await page.keyboard.press('Control+b')
    await page.keyboard.type('غليظة')
    await page.keyboard.press('Control+b')
    await page.keyboard.type(' ثم')
    await page.keyboard.press('Enter')
    await page.keyboard.type('عنوان صغير')
    await page.keyboard.press('Shift+Tab') // to the toolbar: one stop, then arrows
    expect(await page.evaluate<string>(`document.activeElement?.getAttribute('data-tool')`)).toBe('bold')
    for (let n = 0; n < 3; n++) await page.keyboard.press('ArrowLeft') // to the next ones, from right to left
    expect(await page.evaluate<string>(`document.activeElement?.getAttribute('data-tool')`)).toBe('h2')
    await page.keyboard.press('Enter')
    await page
      .locator('#kept')
      .filter({ hasText: /\d\d:\d\d/ })
      .waitFor()
    expect(await articles.count(room.world.db, { now: room.world.now().epochMilliseconds as never })).toBe(
      (await room.world.db.selectFrom('article').select('id').execute()).length,
    )
    expect(await room.world.db.selectFrom('article_draft').select('version').execute()).toHaveLength(1)
    await page.locator('#excerpt').filter({ hasText: 'فقرة أولى' }).waitFor()
    await room.save(page)
    const [story] = await articles.latest(room.world.db, {
      query: 'المفاتيح',
      now: room.world.now().epochMilliseconds as never,
      limit: 1,
    })
    expect(story!.body_html).toBe('<p>فقرة أولى <b>غليظة</b> ثم</p>\n<h2>عنوان صغير</h2>')
    expect(await room.world.db.selectFrom('article_draft').select('version').execute()).toHaveLength(0)
    expect(page.complaints).toEqual([])
    await page.context().close()
  })

  test('a link and a picture with its words come into the text by their forms', async () => {
    const before = await room.held('inserted', '<p>قبل</p><p>كلمة</p>')
    const page = await room.signedIn()
    await page.goto(`${room.server.url}/admin/articles/${before.public_id}/edit`)
    await page.locator('#editor p').nth(1).click()
    for (const key of ['Home', 'Shift+End']) await page.keyboard.press(key)
    await page.click('[data-tool=link]')
    await page.fill('#link-url', 'https://example.org/x')
    await page.click('#link-form button[value=set]')
    await page.locator('#editor p').first().click()
    await page.keyboard.press('End')
    await page.click('[data-tool=picture]')
    const bytes = await sharp({ create: { width: 700, height: 400, channels: 3, background: '#567' } })
      .png()
      .toBuffer()
    await page.setInputFiles('#inner-picture', { name: 'a.png', mimeType: 'image/png', buffer: bytes })
    await page.fill('#inner-alt', 'رصيف فارغ')
    await page.fill('#inner-caption', 'صباح الأحد')
    await page.click('#picture-form button[type=submit]')
    await page.locator('#editor figure img').waitFor()
    await room.save(page)
    const { body_html } = await room.stored('inserted')
    expect(body_html).toMatch(
      /^<p>قبل<\/p><figure><img alt="رصيف فارغ" width="700" height="400" src="http:\/\/127\.0\.0\.1:\d+\/m\/[0-9a-f]{24}-700\.png" \/><figcaption>صباح الأحد<\/figcaption><\/figure><p><a href="https:\/\/example\.org\/x">كلمة<\/a><\/p>$/,
    )
    expect(page.complaints).toEqual([])
    await page.context().close()
  })

  test('what is hostile runs nowhere: not in the editor, not pasted, not in the preview', async () => {
    const evil = '<p>نص</p><img src=x onerror="window.ran=1"><svg onload="window.ran=1"></svg>'
    await room.world.db.updateTable('article').set({ body_html: evil }).where('guid', '=', 'inserted').execute()
    const { public_id } = await room.stored('inserted')
    const page = await room.signedIn()
    await page.goto(`${room.server.url}/admin/articles/${public_id}/edit`)
    const pasted = `${evil}<p style="color:red" onclick="window.ran=1">ملصق <span class="x">هنا</span></p><script>window.ran=1</script>`
    await paste(page, pasted)
    await page.waitForTimeout(300)
    await room.save(page)
    await page.locator('iframe').scrollIntoViewIfNeeded()
    await page.waitForTimeout(300)
    expect(await page.evaluate(`'ran' in window`)).toBe(false)
    for (const frame of page.frames().slice(1)) expect(await frame.evaluate(`'ran' in window`)).toBe(false)
    const { body_html } = await room.stored('inserted')
    expect(body_html).toContain('ملصق هنا')
    expect(body_html).not.toMatch(/on\w+=|<script|<svg|style=|class=/)
    await page.context().close()
  })

  test.each(['light', 'dark'] as const)(
    'the pages of the room have no fault that axe finds (%s)',
    async (colorScheme) => {
      const page = await room.signedIn({ colorScheme, viewport: { width: 390, height: 844 }, bypassCSP: true })
      const { public_id } = await room.stored('one block')
      for (const path of [
        '',
        '/new',
        `/${public_id}`,
        `/${public_id}/edit`,
        `/${public_id}/withdraw`,
        '?state=waiting',
        '?state=draft',
      ]) {
        await page.goto(`${room.server.url}/admin/articles${path}`)
        await page.addScriptTag({ content: axe.source })
        const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
        const faults = violations.map(({ id, nodes }) => `${id} ${nodes.map(({ target }) => target).join(' ')}`)
        expect([path, faults]).toEqual([path, []])
        expect([path, await page.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([path, 0])
      }
      await page.context().close()
    },
  )
})
