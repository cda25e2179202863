import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Instant } from '../../db/instant.ts'
import * as channels from '../../src/channels.ts'
import * as site from '../../src/site.ts'
import { type OpenServer, openServer } from '../../src/web/server.ts'
import { at, HOSTILE } from '../feed-input.ts'
import { publishAll } from '../feed-server.ts'
import { openWorld, type World } from '../world.ts'

const GRAMMAR = resolve(import.meta.dirname, '../fixtures/atom.rng')
const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((place) =>
  existsSync(place),
)
if (!browserPath)
  console.log('No Chromium on this machine (Debian: apt-get install chromium): raw feeds are not looked at.')
const LINT = 'xmllint'
const xmllint = spawnSync(LINT, ['--version'], { stdio: 'ignore' }).error === undefined
if (!xmllint)
  console.log(
    'No xmllint on this machine (Debian: apt-get install libxml2-utils): archives are not held against the grammar.',
  )

/** What a person sees of a document. */
const LOOK = `(() => {
  const root = document.documentElement
  const shown = [...document.querySelectorAll('*')].filter((one) => one.children.length === 0 && one.getClientRects().length > 0)
  return {
    direction: getComputedStyle(root).direction,
    said: getComputedStyle(root, '::before').content,
    texts: shown.map((one) => one.textContent),
    wider: root.scrollWidth - root.clientWidth,
  }
})()`

let world: World
let server: OpenServer

beforeAll(async () => {
  world = await openWorld('sqlite', '2026-11-23T05:00:00Z', { NASHRA_PORT: '0' })
  await site.set(world, 'cli', { name: 'الميناء', tagline: 'أخبار البحر' })
  for (const language of ['ar', 'tr', 'en', 'he'])
    await channels.add(world, 'cli', { slug: language, title: `Channel ${language}`, filter: { language: [language] } })
  await publishAll(world, [
    { guid: 'واحد', body_html: '<p>متن الخبر</p>', tags: ['بحر'], section: 'اقتصاد', authors: ['ليلى'] },
    { guid: 'bir', title: 'Haber', language: 'tr' },
    { guid: 'one', title: 'Story & <more>', language: 'en', body_html: '<p>Body text</p>' },
    {
      guid: 'hostile',
      title: HOSTILE.title!,
      body_html: HOSTILE.body_html!,
      tags: ['بحر'],
      published_at: at('2026-10-20T08:00:00Z'),
    },
  ])
  const body_html = `<p>${'نص طويل '.repeat(1500)}</p>`
  await publishAll(
    world,
    Array.from({ length: 1500 }, (_, n) => ({
      guid: `long-${n}`,
      language: 'fa',
      body_html: `${body_html}${n}`,
      published_at: (at('2026-08-01T00:00:00Z') + n * 1000) as Instant,
    })),
  )
  server = await openServer(world)
})

afterAll(async () => {
  await server?.close()
  await world?.[Symbol.asyncDispose]()
})

describe.runIf(browserPath)('in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: browserPath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    })
  })
  afterAll(async () => browser?.close())

  test.each([
    ['/feeds/ar.rss', 'rtl', 'هذا موجز أخبار', 'خبر واحد', 'متن الخبر'],
    ['/feeds/ar.atom', 'rtl', 'هذا موجز أخبار', 'خبر واحد', 'متن الخبر'],
    ['/feeds/ar/2026-11.atom', 'rtl', 'هذا موجز أخبار', 'خبر واحد', 'متن الخبر'],
    ['/feeds/section/%D8%A7%D9%82%D8%AA%D8%B5%D8%A7%D8%AF.rss', 'rtl', 'هذا موجز أخبار', 'خبر واحد', 'متن الخبر'],
    ['/feeds/tr.atom', 'ltr', 'Bu bir haber akışıdır', 'Haber', 'نص bir'],
    ['/feeds/en.rss', 'ltr', 'This is a feed', 'Story & <more>', 'Body text'],
    ['/feeds/he.rss', 'rtl', 'This is a feed', 'Channel he', 'nothing'],
  ])('%s is a page that can be read', async (path, direction, sentence, title, body) => {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 } })
    const page = await context.newPage()
    await page.goto(server.url + path)
    const seen = (await page.evaluate(LOOK)) as { direction: string; said: string; texts: string[]; wider: number }
    expect(seen).toMatchObject({ direction, said: expect.stringContaining(sentence), wider: 0 })
    expect(seen.texts).toContain(title)
    expect(seen.texts.join(' ')).not.toContain(body)
    await context.close()
  })
})

describe.runIf(xmllint)('the grammar of RFC 4287', () => {
  test('takes the documents of facets and archives', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nashra-atom-'))
    const paths = [
      'section/اقتصاد',
      'tag/بحر',
      'author/ليلي',
      'language/en',
      'all/2026-11',
      'all/2026-10',
      'ar/2026-11',
    ].map(encodeURI)
    const files = []
    for (const [index, path] of paths.entries()) {
      const answer = await fetch(`${server.url}/feeds/${path}.atom`)
      expect([path, answer.status]).toEqual([path, 200])
      files.push(join(folder, `${index}.atom`))
      writeFileSync(files.at(-1)!, Buffer.from(await answer.arrayBuffer()))
    }
    const { stderr } = spawnSync(LINT, ['--noout', '--nonet', '--relaxng', GRAMMAR, ...files], {
      encoding: 'utf8',
    })
    expect(stderr.trim().split('\n')).toEqual(files.map((file) => `${file} validates`))
    rmSync(folder, { recursive: true })
  })
})

test('an archive waits for a client that takes nothing, and is let go of when the client leaves', async () => {
  let pages = 0
  const { selectFrom } = world.read
  world.read.selectFrom = ((table: never) => {
    if (table === 'article_tag') pages++
    return selectFrom.call(world.read, table)
  }) as typeof selectFrom
  const socket = connect(server.port, '127.0.0.1')
  socket.write('GET /feeds/all/2026-08.atom HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.pause()
  await setTimeout(1500)
  const before = pages
  await setTimeout(500)
  expect([before > 0, pages - before, pages < 25]).toEqual([true, 0, true]) // of thirty pages, 19 MB
  socket.destroy()
  await expect
    .poll(() => world.logs.some((log) => log.event === 'an archive was not sent to its end'), { timeout: 5000 })
    .toBe(true)
  world.read.selectFrom = selectFrom
})
