import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as accounts from '../../src/accounts/index.ts'
import * as articles from '../../src/articles/index.ts'
import { clean } from '../../src/text.ts'
import { type OpenServer, openServer } from '../../src/web/server.ts'
import { openWorld, type World } from '../world.ts'

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
if (!browserPath) console.log('No Chromium on this machine: the editor is not tried in a browser.')

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
  let world: World
  let server: OpenServer
  let browser: Browser

  beforeAll(async () => {
    const port = 20_000 + Math.floor(Math.random() * 20_000)
    const address = { NASHRA_PORT: String(port), NASHRA_URL: `http://127.0.0.1:${port}` }
    world = await openWorld('sqlite', '2026-11-23T05:00:00Z', address)
    server = await openServer(world)
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await world?.[Symbol.asyncDispose]()
  })

  /** Somebody at the desk, by the link that let him in. */
  async function signedIn(options: BrowserContextOptions = {}): Promise<Page & { complaints: string[] }> {
    const address = `${Math.random().toString(36).slice(2)}@news.example`
    const { token } = await accounts.invite(world, 'cli', { address, roles: [{ role: 'editor', list: 0 }] })
    const page = await (await browser.newContext(options)).newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' && !/NAME_NOT_RESOLVED/.test(message.text())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${server.url}/admin/in/${token}`)
    for (const field of await page.locator('main input[type=password]').all()) await field.fill('correct horse battery')
    await page.click('main form button[type=submit]')
    await page.waitForLoadState()
    return Object.assign(page, { complaints })
  }

  async function held(guid: string, body: string): Promise<articles.Story> {
    const draft = { guid, title: `مقال ${guid} في المتصفح`, body_html: body, language: 'ar' }
    await articles.publish(world, 'cli', [draft])
    return stored(guid)
  }

  async function stored(guid: string): Promise<articles.Story> {
    const { id } = await world.db.selectFrom('article').select('id').where('guid', '=', guid).executeTakeFirstOrThrow()
    return (await articles.byIds(world.db, [id]))[0]!
  }

  async function save(page: Page): Promise<void> {
    await page.click('button[value=publish]')
    await page.waitForURL(/told=saved/)
  }

  test.each([
    ['with line ends between the blocks', HARD.join('\n')],
    ['without them', HARD.join('')],
    ['with the line ends of another system', `\r\n${HARD.join('\r\n\r\n')}\r\n`],
    ['and text outside of any block', `قبل ${HARD.slice(0, 3).join(' بين ')} بعد`],
    ['of nothing', ''],
  ])('an article that is opened and saved is the same to the byte, %s', async (name, body) => {
    const before = await held(`same ${name}`, body)
    for (const options of [{}, { javaScriptEnabled: false }]) {
      const page = await signedIn(options)
      await page.goto(`${server.url}/admin/articles/${before.public_id}/edit`)
      expect(await page.locator('#editor').count()).toBe('javaScriptEnabled' in options ? 0 : 1)
      await save(page)
      expect(page.complaints).toEqual([])
      await page.context().close()
    }
    expect(await stored(`same ${name}`)).toEqual(before)
  })

  test('of one that is written in, only the block changes where it was written', async () => {
    const blocks = HARD.map((block) => clean(block)) // as everything comes in
    const before = await held('one block', blocks.join('\n'))
    const page = await signedIn()
    await page.goto(`${server.url}/admin/articles/${before.public_id}/edit`)
    await page.locator('#editor h2').click()
    await page.keyboard.press('End')
    await page.keyboard.type(' جديد')
    await save(page)
    const changed = blocks.map((block) => block.replace('<h2>عنوان</h2>', '<h2>عنوان جديد</h2>'))
    expect((await stored('one block')).body_html).toBe(changed.join('\n'))
    await page.goto(`${server.url}/admin/articles/${before.public_id}/edit`)
    await page.locator('#editor h2').click()
    await page.keyboard.press('End')
    await page.keyboard.type('!')
    await page.keyboard.press('Control+z')
    await save(page)
    expect((await stored('one block')).body_html).toBe(changed.join('\n'))
    await page.context().close()
  })

  test('a new article is written by keyboard, kept while one writes, and shown as it will appear', async () => {
    const page = await signedIn()
    await page.goto(`${server.url}/admin/articles/new`)
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
    expect(await articles.count(world.db, { now: world.now().epochMilliseconds as never })).toBe(
      (await world.db.selectFrom('article').select('id').execute()).length,
    )
    expect(await world.db.selectFrom('article_draft').select('version').execute()).toHaveLength(1)
    await page.locator('#excerpt').filter({ hasText: 'فقرة أولى' }).waitFor()
    await save(page)
    const [story] = await articles.latest(world.db, {
      query: 'المفاتيح',
      now: world.now().epochMilliseconds as never,
      limit: 1,
    })
    expect(story!.body_html).toBe('<p>فقرة أولى <b>غليظة</b> ثم</p>\n<h2>عنوان صغير</h2>')
    expect(await world.db.selectFrom('article_draft').select('version').execute()).toHaveLength(0)
    expect(page.complaints).toEqual([])
    await page.context().close()
  })

  test('a link and a picture with its words come into the text by their forms', async () => {
    const before = await held('inserted', '<p>قبل</p><p>كلمة</p>')
    const page = await signedIn()
    await page.goto(`${server.url}/admin/articles/${before.public_id}/edit`)
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
    await save(page)
    const { body_html } = await stored('inserted')
    expect(body_html).toMatch(
      /^<p>قبل<\/p><figure><img alt="رصيف فارغ" width="700" height="400" src="http:\/\/127\.0\.0\.1:\d+\/m\/[0-9a-f]{24}-700\.png" \/><figcaption>صباح الأحد<\/figcaption><\/figure><p><a href="https:\/\/example\.org\/x">كلمة<\/a><\/p>$/,
    )
    expect(page.complaints).toEqual([])
    await page.context().close()
  })

  test('what is hostile runs nowhere: not in the editor, not pasted, not in the preview', async () => {
    const evil = '<p>نص</p><img src=x onerror="window.ran=1"><svg onload="window.ran=1"></svg>'
    await world.db.updateTable('article').set({ body_html: evil }).where('guid', '=', 'inserted').execute()
    const { public_id } = await stored('inserted')
    const page = await signedIn()
    await page.goto(`${server.url}/admin/articles/${public_id}/edit`)
    const pasted = `${evil}<p style="color:red" onclick="window.ran=1">ملصق <span class="x">هنا</span></p><script>window.ran=1</script>`
    await page.evaluate(`{
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/html', ${JSON.stringify(pasted).replaceAll('</', '<\\/')})
      const root = document.getElementById('editor')
      root.focus()
      root.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }`)
    await page.waitForTimeout(300)
    await save(page)
    await page.locator('iframe').scrollIntoViewIfNeeded()
    await page.waitForTimeout(300)
    expect(await page.evaluate(`'ran' in window`)).toBe(false)
    for (const frame of page.frames().slice(1)) expect(await frame.evaluate(`'ran' in window`)).toBe(false)
    const { body_html } = await stored('inserted')
    expect(body_html).toContain('ملصق هنا')
    expect(body_html).not.toMatch(/on\w+=|<script|<svg|style=|class=/)
    await page.context().close()
  })

  test.each(['light', 'dark'] as const)(
    'the pages of the room have no fault that axe finds (%s)',
    async (colorScheme) => {
      const page = await signedIn({ colorScheme, viewport: { width: 390, height: 844 }, bypassCSP: true })
      const { public_id } = await stored('one block')
      for (const path of [
        '',
        '/new',
        `/${public_id}`,
        `/${public_id}/edit`,
        `/${public_id}/withdraw`,
        '?state=waiting',
        '?state=draft',
      ]) {
        await page.goto(`${server.url}/admin/articles${path}`)
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
