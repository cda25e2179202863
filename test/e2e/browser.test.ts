import { existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Instant, instant } from '../../db/instant.ts'
import * as articles from '../../src/articles/index.ts'
import * as channels from '../../src/channels.ts'
import * as digests from '../../src/digests/index.ts'
import * as media from '../../src/media.ts'
import * as site from '../../src/site.ts'
import * as subscribers from '../../src/subscribers/index.ts'
import { type OpenServer, openServer } from '../../src/web/server.ts'
import { openWorld, type World } from '../world.ts'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
const browserPath = PLACES.find((place) => existsSync(place))
if (!browserPath)
  console.log(
    'No Chromium on this machine (Debian: apt-get install chromium): the pages are not looked at in a browser.',
  )

const PHONE = { viewport: { width: 390, height: 844 } }
const DESK = { viewport: { width: 1280, height: 900 } }

describe.skipIf(!browserPath)('in a browser', () => {
  let world: World
  let server: OpenServer
  let browser: Browser
  let paths: Record<string, string>

  beforeAll(async () => {
    world = await openWorld('sqlite', '2026-11-23T05:00:00Z', { NASHRA_PORT: '0' })
    paths = await newsroom(world)
    server = await openServer(world)
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await world?.[Symbol.asyncDispose]()
  })

  async function look<T>(path: string, options: BrowserContextOptions, see: (page: Page) => Promise<T>): Promise<T> {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of (404|410)/.test(message.text())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(server.url + path, { waitUntil: 'load' })
    const seen = await see(page)
    expect(complaints).toEqual([])
    await context.close()
    return seen
  }

  test.each([
    ['light', DESK],
    ['dark', PHONE],
  ] as const)(
    'no page has a fault that axe can find, nor anything wider than the screen (%s)',
    async (colorScheme, size) => {
      for (const [name, path] of Object.entries(paths)) {
        const seen = await look(path, { ...size, colorScheme }, async (page) => ({
          faults: await faults(page),
          wider: await wider(page),
        }))
        expect([name, seen]).toEqual([name, { faults: [], wider: 0 }])
      }
    },
  )

  test('the narrowest phone needs no sideways scrolling', async () => {
    for (const [name, path] of Object.entries(paths)) {
      expect([name, await look(path, { viewport: { width: 320, height: 640 } }, wider)]).toEqual([name, 0])
    }
  })

  test('Arabic stands on the right, English on the left, and a date never turns around', async () => {
    const arabic = await look(paths['home']!, DESK, sides)
    expect(arabic.headline).toBe('right')
    expect(arabic.date).toMatch(/^\d\d\/\d\d\/\d{4}$/)
    expect(arabic.dateDirection).toBe('ltr')
    expect((await look(paths['english']!, DESK, sides)).headline).toBe('left')
  })

  test('the faces are ours, and both are there', async () => {
    const faces = await look(paths['home']!, DESK, (page) =>
      page.evaluate<string[]>(
        `document.fonts.ready.then((all) => [...all].filter((face) => face.status === 'loaded').map((face) => face.family.replaceAll('"', '')))`,
      ),
    )
    expect(new Set(faces)).toEqual(new Set(['IBM Plex Sans Arabic', 'Noto Naskh Arabic']))
  })

  test('a reader with a keyboard comes to the news in one step', async () => {
    const focused = await look(paths['home']!, DESK, async (page) => {
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      return page.evaluate<string>('document.activeElement.id')
    })
    expect(focused).toBe('main')
  })

  test('what an article tells search engines is read as data, and our policy lets it be', async () => {
    const data = await look(paths['article']!, DESK, (page) =>
      page.evaluate<string>(`document.querySelector('script[type="application/ld+json"]').textContent`),
    ) // look() refuses any complaint of the console
    expect(JSON.parse(data)['@graph'][0]['@type']).toBe('NewsArticle')
  })

  test('a logo stands on the dark page as it is where it can be read there, else on paper', async () => {
    const ground = (page: Page) =>
      page.evaluate<string>(`getComputedStyle(document.querySelector('.name img')).backgroundColor`)
    const night = { ...DESK, colorScheme: 'dark' } as const
    for (const [ink, colour] of [
      ['#c0392b', 'rgba(0, 0, 0, 0)'],
      ['#101820', 'rgb(233, 228, 218)'],
    ]) {
      const logo = await media.keep(world, await wordmark(ink!))
      await site.set(world, 'test', { logo_id: logo.id })
      expect(await look('/subscribe', night, ground)).toBe(colour)
      expect(await look('/subscribe', DESK, ground)).toBe('rgba(0, 0, 0, 0)')
    }
  })

  test('nothing moves while pictures arrive', async () => {
    for (const path of [paths['home']!, paths['article']!]) {
      expect(await look(path, PHONE, (page) => page.evaluate<number>(SHIFT))).toBeLessThan(0.1)
    }
  })
})

/*
 * What is asked of a page is text: it runs in the browser, whose types are not ours.
 */

const SHIFT = `new Promise((resolve) => {
  let sum = 0
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value
  }).observe({ type: 'layout-shift', buffered: true })
  setTimeout(() => resolve(sum), 500)
})`

const SIDES = `(() => {
  const headline = document.querySelector('main h2, main h1')
  const range = document.createRange()
  range.selectNodeContents(headline)
  const [box, text] = [headline.getBoundingClientRect(), range.getBoundingClientRect()]
  const date = document.querySelector('main .date time, main .byline time')
  return {
    headline: box.right - text.right < text.left - box.left ? 'right' : 'left',
    date: date.innerText,
    dateDirection: getComputedStyle(date).direction,
  }
})()`

/** What axe has to say about a page, in its own words; not as a script of the page: our policy forbids those. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate<axe.AxeResults>('axe.run()')
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)
}

/** By how much the page is wider than its window. */
async function wider(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}

async function sides(page: Page): Promise<{ headline: string; date: string; dateDirection: string }> {
  return page.evaluate(SIDES)
}

/** A transparent logo in this ink. */
async function wordmark(ink: string): Promise<Buffer> {
  const letters = { create: { width: 200, height: 60, channels: 4, background: ink } } as const
  return sharp({ create: { width: 400, height: 100, channels: 4, background: '#0000' } })
    .composite([{ input: letters, left: 100, top: 20 }])
    .png()
    .toBuffer()
}

/** A small newsroom with a page of every kind. */
async function newsroom(world: World): Promise<Record<string, string>> {
  await site.set(world, 'test', {
    name: 'جريدة المضيق',
    tagline: 'أخبار كل يوم',
    postal_address: 'إسطنبول',
    about: '<p>من نحن</p><h2>كيف نعمل</h2><p>نكتب</p>',
    contact: 'desk@news.example\nإسطنبول',
    privacy: 'لا نحتفظ بشيء',
    imprint: 'الناشر',
  })
  await channels.add(world, 'test', {
    slug: 'economy',
    title: 'اقتصاد',
    description: 'المال والأعمال',
    filter: { section: ['اقتصاد'] },
  })
  for (const [n, title] of ['سياسة', 'مجتمع', 'رياضة', 'ثقافة'].entries()) {
    await channels.add(world, 'test', { slug: `section-${n}`, title, filter: { section: [title] } })
  }
  await channels.add(world, 'test', { slug: 'english', title: 'English', filter: { language: ['en'] } })
  await subscribers.addList(world, 'test', { slug: 'daily', title: 'نشرة الصباح', language: 'ar', public: true })
  await subscribers.importCsv(world, 'test', Readable.from(['email\nreader@example.org\n']), { list: 'daily' })
  const picture = await media.keep(
    world,
    await sharp({ create: { width: 1200, height: 675, channels: 3, background: '#246' } })
      .jpeg()
      .toBuffer(),
  )
  const body = `<p>${'كلمات الخبر تتوالى '.repeat(30)}</p><h2>عنوان فرعي</h2><blockquote><p>اقتباس</p></blockquote><ul><li>بند</li></ul>
    <table><thead><tr><th>عمود</th><th>عمود ثانٍ</th></tr></thead><tbody><tr><td>1</td><td>https://news.example/an/address/that/is/much/longer/than/any/line/of/a/phone/can/be</td></tr></tbody></table>
    <pre>a line of code that is much longer than any line of a telephone could ever be, whatever its maker says</pre>`
  const endless = (sign: string) => ({
    guid: `endless-${sign}`,
    title: sign.repeat(250),
    summary: sign.repeat(250),
    body_html: `<p>${sign.repeat(250)}</p>`,
    language: sign === 'W' ? 'en' : 'ar',
    published_at: (Date.parse('2026-11-23T03:50:00Z') - sign.charCodeAt(0)) as Instant,
    section: sign.repeat(60),
    authors: [sign.repeat(120)],
  })
  const drafts = Array.from({ length: 45 }, (_, n) => ({
    guid: `story-${n}`,
    title:
      n % 7 === 3
        ? `A headline in English, number ${n}`
        : `عنوان خبر طويل بعض الشيء رقم ${n}: "اقتباس بلا نهاية في 3.7 بالمئة`,
    body_html: body,
    language: n % 7 === 3 ? 'en' : 'ar',
    published_at: (Date.parse('2026-11-23T04:00:00Z') - n * 1_800_000) as Instant,
    updated_at: (Date.parse('2026-11-23T04:30:00Z') - n * 1_800_000) as Instant,
    section: ['اقتصاد', 'سياسة', 'مجتمع', 'رياضة'][n % 4]!,
    authors: ['هالة القباني'],
    summary: 'سطر يلخّص الخبر',
    credit: 'وكالة المضيق',
    tags: ['أسواق', 'تركيا اليوم'],
    ...(n % 3 === 0 && { image: { id: picture.id, alt: 'سفينة', caption: 'سفينة عند الغروب', credit: 'ليان' } }),
  }))
  await articles.publish(world, 'test', [...drafts, endless('W'), endless('ش')])
  await digests.add(world, 'test', { slug: 'morning', channel: 'all', list: 'daily', at: '08:00', max: 5 })
  await digests.composeNow(world, 'test', 'morning')
  await articles.withdraw(world.db, 'test', 'story-2', 'الأرقام فيه خاطئة', instant(world.now()))
  const id = async (guid: string) =>
    (await world.db.selectFrom('article').select('public_id').where('guid', '=', guid).executeTakeFirstOrThrow())
      .public_id
  return {
    home: '/',
    page: '/page/2',
    article: `/a/${await id('story-0')}`,
    english: `/a/${await id('story-3')}`,
    endless: `/a/${await id('endless-W')}`,
    withdrawn: `/a/${await id('story-2')}`,
    channel: '/c/economy',
    section: `/section/${encodeURIComponent('سياسه')}`,
    tag: `/tag/${encodeURIComponent('تركيا-اليوم')}`,
    author: `/author/${encodeURIComponent('هاله-القباني')}/page/2`,
    endlessAuthor: `/author/${'w'.repeat(120)}`,
    language: '/language/en',
    about: '/about',
    contact: '/contact',
    digest: '/editions/morning',
    month: '/editions/morning/2026-11',
    feeds: '/feeds',
    editions: '/editions',
    edition: '/editions/morning/2026-11-23',
    missing: '/nowhere',
    subscribe: '/subscribe',
    sent: '/subscribe/sent',
  }
}
