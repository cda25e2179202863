import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRelay } from '../relay.ts'
import { openServe } from '../serve.ts'

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
if (!browserPath)
  console.log('No Chromium on this machine (Debian: apt-get install chromium): the desk is not walked through.')

const WORDS = {
  ar: { paper: 'جريدة المضيق', headline: 'عبّارة تعود بعد غياب', body: 'عادت العبّارة القديمة صباح اليوم إلى خطها.', section: 'مجتمع', list: 'القراء', digest: 'نشرة الصباح' },
  en: { paper: 'The Strait', headline: 'A ferry comes back', body: 'The old ferry was back on its line this morning.', section: 'City', list: 'Readers', digest: 'The morning' },
} // biome-ignore format: a table
const READERS = ['a@example.org', 'b@example.org', 'c@example.org']

describe.skipIf(!browserPath)('the desk, from an empty folder to a digest that is sent', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(() => browser?.close())

  test.each([
    ['ar', 390, 'light'],
    ['en', 1280, 'dark'],
  ] as const)(
    'is led by the screens alone: %s, %d pixels, %s',
    { timeout: 240_000 },
    async (language, width, scheme) => {
      const words = WORDS[language]
      await using relay = await openRelay()
      await using serve = await openServe()
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme })
      const page = await context.newPage()
      page.setDefaultTimeout(60_000)
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text())
      })
      const steps: string[] = []
      /** What every screen must be: without a fault that axe finds, no wider than the screen. */
      async function look(name: string): Promise<void> {
        steps.push(name)
        expect([name, await page.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([name, 0])
        await page.evaluate(axe.source)
        const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run())
        expect([name, violations.map(({ id, nodes }) => `${id} ${nodes[0]!.html.slice(0, 120)}`)]).toEqual([name, []])
      }
      async function send(action: string): Promise<void> {
        await page
          .locator(`form[action="${action}"] button[type=submit], form[action="${action}"] button:not([type])`)
          .first()
          .click()
        await page.waitForLoadState('load')
      }
      const visit = (path: string) => page.goto(serve.url + path, { waitUntil: 'load' })

      const link = new URL(serve.link)
      await visit(`${link.pathname}?lang=${language}`)
      await look('the set-up link')
      await page.fill('#name', 'Leyla')
      await page.fill('#address', 'leyla@news.example')
      await page.fill('#password', 'correct horse battery')
      await send(`${link.pathname}?lang=${language}`)
      await look('the first step')
      await page.click(`a[href="/admin/start?step=name"] >> nth=-1`)
      await page.fill('#name', words.paper)
      await page.selectOption('#language', language)
      await send('/admin/start/name')
      await look('the sender')
      await page.fill('#sender', `${words.paper} <news@news.example>`)
      await page.fill('#postal_address', '12 Harbour Street')
      await send('/admin/start/sender')
      await page.fill('#host', '127.0.0.1')
      await page.fill('#port', String(relay.port))
      await look('the relay')
      await send('/admin/start/relay')
      await look('the first digest')
      expect(await page.locator('.told').innerText()).toContain('leyla@news.example')
      expect(relay.received.map(({ to }) => to)).toEqual(['leyla@news.example'])

      await visit('/admin/articles')
      await page.click('main a[href^="/admin/articles/new"]')
      await page.fill('#title', words.headline)
      await page.locator('[contenteditable=true]').first().click()
      await page.keyboard.type(words.body)
      await page.fill('#section', words.section)
      await look('the editor')
      await page.locator('button[name=deed][value=publish]').click()
      await page.waitForURL(/told=saved/)
      await look('the article')

      await visit('/admin/channels/new/channel')
      await page.fill('#slug', 'city')
      await page.fill('#title', words.section)
      await page.fill('#sections', words.section)
      await page.locator('form[action="/admin/channels/new/channel"] button[name=look]').click()
      await expect.poll(() => page.locator('main').innerText()).toContain(words.headline)
      await look('a channel, with what passes')
      await send('/admin/channels/new/channel')
      await look('the channel')

      await visit('/admin/lists/_add')
      await page.fill('#title', words.list)
      await page.fill('#slug', 'daily')
      await page.check('#public')
      await send('/admin/lists')
      await look('the list')

      await visit('/admin/readers/import')
      await page.setInputFiles('input[type=file]', {
        name: 'readers.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(
          `email,name\n${READERS.map((address, n) => `${address},Reader ${n}`).join('\n')}\nnot an address,X\n`,
        ),
      })
      await send('/admin/readers/import')
      await look('an import, before it is tried')
      await page.locator('form[action$="/try"] button').first().click()
      await page.locator('form[action$="/start"] button').waitFor()
      await look('what the import would bring')
      await page.locator('form[action$="/start"] button').click()
      await page.locator('#run a.go[href="/admin/readers/import"]').waitFor()
      await look('the import')
      await visit('/admin/readers')
      for (const address of READERS) expect(await page.locator('main').innerText()).toContain(address)
      await look('the readers')

      await visit('/admin/digests/_add')
      await page.fill('#title', words.digest)
      await page.fill('#slug', 'morning')
      await page.selectOption('#channel', 'city')
      await page.fill('#at', '08:00')
      await send('/admin/digests')
      await look('the digest')
      await visit('/admin/digests/morning/preview')
      const letter = page.frameLocator('main iframe').first()
      await expect.poll(() => letter.locator('body').innerText()).toContain(words.headline)
      await page.fill('#to', 'leyla@news.example')
      await send('/admin/digests/morning/test')
      expect(relay.received.at(-1)!.to).toBe('leyla@news.example')
      await visit('/admin/digests/morning/coming')
      await look('the coming edition')
      await page.locator('details summary').last().click()
      await send('/admin/digests/morning/send')
      await expect
        .poll(() => relay.received.filter(({ to }) => READERS.includes(to)).length, { timeout: 30_000 })
        .toBe(3)
      await visit('/admin/digests/editions')
      await page.locator('main table a').first().click()
      await page.waitForLoadState('load')
      await expect.poll(() => page.locator('main').innerText(), { timeout: 15_000 }).toMatch(/3/)
      await look('the edition')
      await page.click('#do-count')
      await expect.poll(() => page.locator('#verdict').innerText(), { timeout: 15_000 }).toMatch(/3 = 3 /)
      await look('the edition, counted')
      await visit('/admin')
      await look('the dashboard')
      const clock = page.locator('.clock').first()
      const before = await clock.innerText()
      expect(before).toMatch(/^\d{1,2}:\d\d:\d\d$/)
      await expect.poll(() => clock.innerText()).not.toBe(before)
      expect(await page.locator('[data-made]').count()).toBe(0) // where it ticks, it is of now
      for (const room of [
        '/admin/sources',
        '/admin/settings',
        '/admin/settings/keys',
        '/admin/settings/languages',
        '/admin/settings/retention',
        '/admin/settings/keeping',
        '/admin/settings/trail',
        '/admin/people',
        '/admin/me',
        '/admin/segments',
        '/admin/readers/suppressions',
      ]) {
        await visit(room)
        await look(room)
      }
      expect(complaints).toEqual([])
      console.log(`the desk in ${language}: ${steps.length} screens looked at`)
      await context.close()
    },
  )
})
