import { existsSync } from 'node:fs'
import { simpleParser } from 'mailparser'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { feedOf } from '../feed-of.ts'
import { openPartner } from '../partner.ts'
import { openRelay } from '../relay.ts'
import { openServe } from '../serve.ts'

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
if (!browserPath)
  console.log('No Chromium on this machine (Debian: apt-get install chromium): the first hour is not walked through.')

const OWNER = 'leyla@news.example'
const STORIES = ['The lighthouse has a new keeper', 'Bread is sold by the river again']

describe.skipIf(!browserPath)('the first hour, from the printed link to a digest in the inbox', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(() => browser?.close())

  test.each([
    { first: 'a site', javaScriptEnabled: true, fields: 6 },
    { first: 'a story', javaScriptEnabled: true, fields: 8 },
    { first: 'a story', javaScriptEnabled: false, fields: 8 },
  ])(
    'takes eight pages and seven presses: with $first, scripts $javaScriptEnabled',
    {
      timeout: 180_000,
    },
    async ({ first, javaScriptEnabled, fields }) => {
      const feed = feedOf(
        STORIES.map((title) => ({ guid: title, title })),
        { title: 'The Strait', more: '<language>en</language>' },
      )
      await using relay = await openRelay()
      await using site = await openPartner((_request, response) =>
        response.writeHead(200, { 'Content-Type': 'application/rss+xml' }).end(feed),
      )
      await using serve = await openServe({ NASHRA_FETCH_ALLOW: site.place })
      const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        locale: 'en',
        javaScriptEnabled,
      })
      const page = await context.newPage()
      const walk = walking(page)

      await page.goto(serve.link)
      await walk.type('Your name', 'Leyla')
      await walk.type('Email address', OWNER)
      await walk.type('New password', 'correct horse battery')
      await walk.press('Continue')
      if (first === 'a site') {
        await walk.type('The address of your site', site.place) // as people type it: without http://
        await walk.press('Connect the site')
        expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('The Strait')
      } else {
        await walk.type('Headline', STORIES[0]!)
        await walk.type('Text', 'He lit the lamp at dusk.')
        await walk.press('Publish and go on')
        await walk.type('Name', 'The Strait')
      }
      await walk.press('Save')
      expect(await page.getByLabel('Sender’s name and address').inputValue()).toBe(`The Strait <${OWNER}>`)
      await walk.press('Save')
      await walk.type('Server', '127.0.0.1')
      await walk.type('Port', String(relay.port))
      await walk.press('Save and send me a test letter')
      expect(await page.locator('main').innerText()).toContain(STORIES[0]!)
      await walk.press('Create the digest')
      await expect.poll(() => page.frameLocator('iframe').locator('body').innerText()).toContain(STORIES[0]!)
      await walk.press('Send the first edition now')

      await expect.poll(() => relay.received.length, { timeout: 30_000 }).toBe(2)
      const letter = await simpleParser(relay.received[1]!.source)
      expect([relay.received[1]!.to, letter.from?.text]).toEqual([OWNER, `"The Strait" <${OWNER}>`])
      for (const title of first === 'a site' ? STORIES : STORIES.slice(0, 1)) expect(letter.text).toContain(title)
      await page.goto(`${serve.url}/admin`)
      expect(await page.locator('main').innerText()).not.toContain('Still missing')
      expect(walk.count).toEqual({ pages: 8, presses: 7, fields })
      await context.close()
    },
  )
})

/** Somebody who reads the screens: types into what has a label, presses what has a name, and counts. */
function walking(page: Page) {
  const count = { pages: 1, presses: 0, fields: 0 }
  return {
    count,
    async type(label: string, words: string): Promise<void> {
      count.fields++
      await page.getByLabel(label, { exact: true }).fill(words)
    },
    async press(name: string): Promise<void> {
      count.presses++
      const button: Locator = page.getByRole('button', { name, exact: true })
      const before = page.url()
      await button.click()
      await page.waitForLoadState('load')
      if (page.url() !== before) count.pages++
    },
  }
}
