import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Instant } from '../../db/instant.ts'
import * as articles from '../../src/articles/index.ts'
import * as digests from '../../src/digests/index.ts'
import { spoken } from '../../src/locale.ts'
import * as site from '../../src/site.ts'
import * as subscribers from '../../src/subscribers/index.ts'
import { snippets } from '../../src/web/embed.ts'
import { type OpenServer, openServer } from '../../src/web/server.ts'
import { openWorld, type World } from '../world.ts'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const browserPath = PLACES.find((place) => existsSync(place))
if (!browserPath) console.log('No Chromium on this machine: the reader’s own pages are not looked at in a browser.')

const SIZES = [
  { viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
] as const

describe.skipIf(!browserPath)('the reader’s own pages in a browser', () => {
  let world: World
  let server: OpenServer
  let browser: Browser
  let stranger: Server

  beforeAll(async () => {
    world = await openWorld('sqlite', '2026-11-23T05:00:00Z', { NASHRA_PORT: '0' })
    await newsroom(world)
    server = await openServer(world)
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] })
    stranger = createServer((request, response) => {
      const { form, frame } = snippets(server.url, { slug: 'en', title: 'Letters' }, 'en')
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      response.end(`<!doctype html><title>A blog</title>${request.url === '/frame' ? frame : form}`)
    }).listen(0, '127.0.0.1')
  })

  afterAll(async () => {
    await browser?.close()
    stranger?.close()
    await server?.close()
    await world?.[Symbol.asyncDispose]()
  })

  async function look<T>(path: string, options: BrowserContextOptions, see: (page: Page) => Promise<T>): Promise<T> {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of 422/.test(message.text())) complaints.push(message.text())
    })
    await page.goto(path.startsWith('/') ? server.url + path : path, { waitUntil: 'load' })
    const seen = await see(page)
    expect(complaints).toEqual([])
    await context.close()
    return seen
  }

  test.each(spoken)(
    'have no fault that axe finds, and nothing wider than the screen, in %s',
    async (language) => {
      const paths = await pagesIn(world, language)
      for (const size of SIZES) {
        for (const path of paths) {
          const seen = await look(path, size, async (page) => {
            await page.evaluate(`for (const one of document.querySelectorAll('details')) one.open = true`)
            return {
              faults: await faults(page),
              wider: await wider(page),
              lang: await page.evaluate('document.documentElement.lang'),
            }
          })
          expect([path, size.colorScheme, seen]).toEqual([
            path,
            size.colorScheme,
            { faults: [], wider: 0, lang: language },
          ])
        }
      }
    },
    180_000,
  )

  test('the zone is the browser’s, chosen beforehand', async () => {
    const zone = (options: BrowserContextOptions, path: string) =>
      look(path, options, (page) => page.evaluate<string>(`document.getElementById('zone').value`))
    expect(await zone({ timezoneId: 'America/New_York' }, '/subscribe?list=en')).toBe('America/New_York')
    expect(await zone({ timezoneId: 'Pacific/Chatham' }, '/subscribe?list=en')).toBe('Pacific/Chatham')
    expect(await zone({ timezoneId: 'Africa/Cairo' }, '/subscribe/embed?list=en')).toBe('Africa/Cairo')
    expect(await zone({ timezoneId: 'Africa/Cairo', javaScriptEnabled: true }, '/subscribe?list=ar')).toBe(
      'Africa/Cairo',
    )
  })

  test('without a script and by keyboard alone: asked, confirmed, chosen, left, taken back', async () => {
    const noScript = { viewport: { width: 390, height: 844 }, javaScriptEnabled: false }
    await look('/subscribe?list=en&lang=en', noScript, async (page) => {
      await page.focus('#email')
      await page.keyboard.type('keys@example.org')
      await page.keyboard.press('Tab') // the further choices
      await page.keyboard.press('Enter')
      await page.keyboard.press('Tab') // how often
      await page.keyboard.press('ArrowDown')
      world.clock.advance({ seconds: 5 })
      await page.focus('main form button')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/subscribe/sent**')
    })
    const row = await rowOf(world, 'keys@example.org')
    const { confirm, preferences, unsubscribe } = subscribers.tokens(world, row)
    await look(`/confirm/${confirm}`, noScript, async (page) => {
      await pressButton(page)
      expect(await page.textContent('h1')).toBe('You are subscribed')
      expect(await page.getAttribute('main a[href^="/preferences/"]', 'href')).toBe(`/preferences/${preferences}`)
    })
    expect((await rowOf(world, 'keys@example.org')).weekdays).toBe(1)
    await look(`/preferences/${preferences}`, noScript, async (page) => {
      await page.focus('#minute')
      await page.keyboard.type('19')
      await page.focus('input[name=format]:checked')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Tab')
      await page.focus('input[value=wishes] ~ p button')
      await page.keyboard.press('Enter')
      await page.waitForURL('**saved=1')
      expect(await page.textContent('[role=status]')).toBe('Saved.')
    })
    expect(await rowOf(world, 'keys@example.org')).toMatchObject({ minute: 19 * 60, format: 'headlines' })
    await look(`/unsubscribe/${unsubscribe}`, noScript, async (page) => {
      await pressButton(page)
      expect(await page.textContent('h1')).toBe('You have unsubscribed')
      await pressButton(page)
      expect(await page.textContent('h1')).toBe('You are subscribed again')
    })
    expect((await rowOf(world, 'keys@example.org')).state).toBe('active')
  }, 60_000)

  test('another site’s form leads to ours, and our frame works within its page', async () => {
    const { port } = stranger.address() as AddressInfo
    await look(`http://localhost:${port}/`, {}, async (page) => {
      await page.fill('input[name=email]', 'form@example.org')
      await page.click('button')
      expect(await page.textContent('h1')).toBe('Only one press is left')
      world.clock.advance({ seconds: 5 })
      await page.click('main form button')
      await page.waitForURL('**/subscribe/sent**')
    })
    await look(`http://localhost:${port}/frame`, {}, async (page) => {
      const frame = page.frameLocator('iframe')
      await frame.locator('#email').fill('frame@example.org')
      world.clock.advance({ seconds: 5 })
      await frame.locator('main form button').click()
      await frame.getByText('One more step').waitFor()
    })
    const consents = await world.db
      .selectFrom('consent')
      .select('form')
      .where('kind', '=', 'asked')
      .orderBy('id')
      .execute()
    expect(consents.slice(-2).map(({ form }) => form)).toEqual(['/subscribe', '/subscribe/embed'])
  }, 60_000)
})

async function pressButton(page: Page): Promise<void> {
  await page.focus('main form button')
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
}

async function rowOf(world: World, address: string) {
  return world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .selectAll('subscription')
    .where('address', '=', address)
    .executeTakeFirstOrThrow()
}

/** Every page that a reader of this language may come to. */
async function pagesIn(world: World, language: string): Promise<string[]> {
  const { preferences, unsubscribe } = subscribers.tokens(world, await rowOf(world, `active-${language}@example.org`))
  const left = subscribers.tokens(world, await rowOf(world, `left-${language}@example.org`)).unsubscribe
  return [
    `/subscribe?lang=${language}`,
    `/subscribe?list=${language}`,
    `/subscribe/sent?lang=${language}`,
    `/subscribe/embed?list=${language}`,
    `/subscribe/embed/sent?lang=${language}`,
    `/preferences/${preferences}`,
    `/preferences/${preferences}?saved=1`,
    `/preferences/${preferences}/erase`,
    `/preferences/erased?lang=${language}`,
    `/unsubscribe/${unsubscribe}`,
    `/unsubscribe/${left}`,
  ]
}

/** What axe has to say about a page, in its own words; not as a script of the page: our policy forbids those. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)
}

async function wider(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

async function newsroom(world: World): Promise<void> {
  await site.set(world, 'test', { name: 'جريدة المضيق', tagline: 'أخبار كل يوم' })
  const at = Date.parse('2026-11-23T04:00:00Z') as Instant
  const sections = ['اقتصاد', 'سياسة', 'مجتمع', 'رياضة', 'Culture and the arts of the whole region']
  await articles.publish(
    world,
    'test',
    sections.map((section, n) => ({
      ...{ guid: `story-${n}`, title: `خبر ${n}`, body_html: '<p>نص</p>', language: 'ar', section },
      ...{ published_at: at, updated_at: at, authors: [], tags: [] },
    })),
  )
  for (const [language, title] of [
    ['ar', 'نشرة الصباح'],
    ['tr', 'Sabah Bülteni'],
    ['en', 'The Morning Brief'],
  ] as const) {
    await subscribers.addList(world, 'test', { slug: language, title, language, public: true })
    await digests.add(world, 'test', { slug: `d-${language}`, channel: 'all', list: language, at: '08:00' })
    const file = Readable.from([`email\nactive-${language}@example.org\nleft-${language}@example.org\n`])
    await subscribers.importCsv(world, 'test', file, { list: language })
    const { unsubscribe } = subscribers.tokens(world, await rowOf(world, `left-${language}@example.org`))
    await subscribers.leave(world, unsubscribe, 'page', '')
  }
}
