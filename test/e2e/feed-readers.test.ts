import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as articles from '../../src/articles/index.ts'
import { readRow } from '../../src/articles/index.ts'
import * as channels from '../../src/channels.ts'
import * as site from '../../src/site.ts'
import { build, formats } from '../../src/syndication/index.ts'
import { oneLine } from '../../src/text.ts'
import { at, HOSTILE, input, PICTURE, story } from '../feed-input.ts'
import { serveFeeds } from '../feed-server.ts'
import { openWorld, type World } from '../world.ts'

const GRAMMAR = resolve(import.meta.dirname, '../fixtures/atom.rng')
const folder = mkdtempSync(join(tmpdir(), 'nashra-readers-'))
const run = promisify(execFile)
const ARTICLES = 40

/** Where a program is missing its tests are skipped, and it is said which. */
function has(name: string, command: string, args: string[]): boolean {
  const found = spawnSync(command, args, { stdio: 'ignore' }).error === undefined
  if (!found) console.log(`No ${name} on this machine (Debian: apt-get install ${name}): its tests are skipped.`)
  return found
}

const xmllint = has('libxml2-utils', 'xmllint', ['--version'])
const newsboat = has('newsboat', 'newsboat', ['--version'])
const sfeed = has('sfeed', 'sfeed', ['-h'])
const python = ['python3', '/usr/bin/python3'].find(
  (path) => spawnSync(path, ['-c', 'import feedparser'], { stdio: 'ignore' }).status === 0,
)
if (!python)
  console.log('No feedparser on this machine (Debian: apt-get install python3-feedparser): its tests are skipped.')

type Expected = { id: string; title: string; at: number }

let world: World
let server: Awaited<ReturnType<typeof serveFeeds>>
let expected: Expected[]

beforeAll(async () => {
  world = await openWorld('sqlite', '2026-11-23T04:10:00Z')
  await site.set(world, 'cli', { name: 'نشرة الميناء', tagline: 'أخبار «البحر» & البر' })
  const rows = Array.from({ length: ARTICLES }, (_, n) => ({
    guid: n % 2 ? `https://old.example/?p=${n}&x` : `guid-${n}`,
    title: n === 5 ? '412.5 مليون ليرة.. “كلفة <الجسر> & رفاقه' : `سفينة رقم ${n} تصل «الميناء»`,
    body_html: `<p>نص السفينة ${n} ]]> مع <a href="/x">رابط</a></p>`,
    byline: ['ليلى', 'عمر'],
    tags: ['بحر'],
    section: 'اقتصاد',
    published_at: at('2026-11-20T08:00:00Z') + n * 3_600_000,
  }))
  const hostile = {
    ...HOSTILE,
    body_html: HOSTILE.body_html,
    guid: 'hostile',
    published_at: at('2026-11-19T08:00:00Z'),
    byline: HOSTILE.authors,
    image: HOSTILE.image_url,
  }
  const drafts = [...rows, hostile].flatMap((row) => {
    const read = readRow(row, { language: 'ar', zone: 'Europe/Istanbul' })
    return 'draft' in read ? [read.draft] : []
  })
  expect(drafts).toHaveLength(ARTICLES + 1)
  await articles.publish(world, 'cli', drafts)
  const stories = await articles.latest(world.read, {
    filter: channels.filterOf(await channels.find(world.read, 'all')),
    now: at('2026-11-23T04:10:00Z'),
    limit: 50,
  })
  expected = stories.map((one) => ({ id: one.entry_id, title: one.title, at: one.published_at }))
  server = await serveFeeds(world)
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await world?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Documents of every kind that the product can be brought to write. */
function documents(format: 'rss' | 'atom'): string[] {
  const odd = [
    story(1),
    story(2, HOSTILE),
    story(3, { picture: PICTURE, language: 'tr', authors: ['Ayşe'], image_alt: '"' }),
  ]
  const gone = [{ ...story(9), withdrawn_at: at('2026-11-21T08:00:00Z'), withdrawn_reason: 'خطأ & <سهو>' }]
  const inputs = [
    input([]),
    input(odd),
    input(odd, { channel: { text: 'summary', slug: 'x', title: 'س & <ص>' }, deleted: gone, logo: PICTURE }),
    input([story(1, { body_html: '', excerpt: '' })]),
  ]
  return inputs.map((given, index) => {
    const file = join(folder, `document-${index}.${format}`)
    writeFileSync(file, build(given, format).body)
    return file
  })
}

describe.runIf(xmllint)('xmllint', () => {
  test.each(['rss', 'atom'] as const)('takes every %s document as well-formed', async (format) => {
    const served = join(folder, `served.${format}`)
    writeFileSync(served, (await server.ask(`/feeds/all.${format}`)).body)
    const { stdout, stderr } = await run('xmllint', ['--noout', '--nonet', ...documents(format), served])
    expect(stdout + stderr).toBe('')
  })
})

describe.runIf(xmllint)('the grammar of RFC 4287', () => {
  test('takes every Atom document', async () => {
    const served = join(folder, 'served.atom')
    writeFileSync(served, (await server.ask('/feeds/all.atom')).body)
    const files = [...documents('atom'), served]
    const { stderr } = await run('xmllint', ['--noout', '--nonet', '--relaxng', GRAMMAR, ...files])
    expect(stderr.trim().split('\n')).toEqual(files.map((file) => `${file} validates`))
  })

  test('refuses a category without its term, so that its praise means something', async () => {
    const wrong = join(folder, 'wrong.atom')
    writeFileSync(
      wrong,
      (await server.ask('/feeds/all.atom')).body.toString().replace('<category term', '<category label'),
    )
    await expect(run('xmllint', ['--noout', '--nonet', '--relaxng', GRAMMAR, wrong])).rejects.toMatchObject({
      stderr: expect.stringContaining('Element category failed to validate attributes'),
    })
  })
})

describe.runIf(newsboat)('newsboat', () => {
  test.each(['rss', 'atom'])('reads all entries of the %s feed, from right to left', async (format) => {
    const home = mkdtempSync(join(folder, 'newsboat-'))
    writeFileSync(join(home, 'urls'), `${server.url}/feeds/all.${format}\n`)
    writeFileSync(join(home, 'config'), '')
    await run(
      'newsboat',
      ['-x', 'reload', '-u', join(home, 'urls'), '-c', join(home, 'cache.db'), '-C', join(home, 'config')],
      { env: { ...process.env, HOME: home } },
    )
    const cache = new Sqlite(join(home, 'cache.db'), { readonly: true })
    expect(cache.prepare('select title, is_rtl from rss_feed').all()).toEqual([{ title: 'نشرة الميناء', is_rtl: 1 }])
    const read = cache
      .prepare('select guid as id, title, pubDate * 1000 as at, author, content from rss_item order by pubDate desc')
      .all() as (Expected & { author: string; content: string })[]
    cache.close()
    expect(read.map(({ id, title, at }) => ({ id, title, at }))).toEqual(expected)
    expect(read[0]).toMatchObject({
      author: format === 'rss' ? 'عمر' : 'ليلى, عمر', // of several dc:creator newsboat keeps the last
      content: expect.stringContaining('<div dir="rtl" lang="ar">'),
    })
  })
})

describe.runIf(sfeed)('sfeed', () => {
  test.each(['rss', 'atom'])('reads all entries of the %s feed', async (format) => {
    const { body } = await server.ask(`/feeds/all.${format}`)
    const { stdout } = spawnSync('sfeed', { input: body, encoding: 'utf8' })
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t'))
    expect(rows.map(([seconds, title, , , , id]) => ({ id, title, at: Number(seconds) * 1000 }))).toEqual(expected)
    expect(rows.every(([, , link]) => link!.startsWith('https://news.example/a/'))).toBe(true)
  })
})

describe.runIf(python)('feedparser', () => {
  const SCRIPT = `
import calendar, feedparser, json, sys
feed = feedparser.parse(sys.stdin.buffer.read())
print(json.dumps({
  'bozo': bool(feed.bozo), 'version': feed.version, 'title': feed.feed.title, 'language': feed.feed.get('language'), 'links': [dict(l) for l in feed.feed.links],
  'entries': [{'id': e.id, 'title': e.title, 'at': calendar.timegm(e.published_parsed) * 1000, 'guidislink': e.get('guidislink'), 'authors': [a.get('name') for a in e.get('authors', [])],
               'tags': [t.term for t in e.get('tags', [])], 'html': e.content[0].value} for e in feed.entries]}))`

  test.each([
    ['rss', 'rss20'],
    ['atom', 'atom10'],
  ])('reads all entries of the %s feed and has no complaint', async (format, version) => {
    const { body } = await server.ask(`/feeds/all.${format}`)
    const { stdout } = spawnSync(python!, ['-c', SCRIPT], {
      input: body,
      encoding: 'utf8',
      env: { ...process.env, PYTHONIOENCODING: 'utf8' },
    })
    const read = JSON.parse(stdout)
    expect(read).toMatchObject({ bozo: false, version, title: 'نشرة الميناء', language: 'ar' })
    expect(read.links).toContainEqual(
      expect.objectContaining({ rel: 'self', href: `https://news.example/feeds/all.${format}` }),
    )
    const titles = (list: Expected[]) => list.map(({ id, title, at }) => ({ id, title, at }))
    expect(titles(read.entries)).toEqual(expected)
    expect(read.entries[0]).toMatchObject({ authors: ['ليلى', 'عمر'], tags: ['اقتصاد', 'بحر'] })
    if (format === 'rss') expect(read.entries[0].guidislink).toBe(false)
    expect(read.entries.at(-1).title).toBe(oneLine(HOSTILE.title!))
    expect(read.entries.at(-1).html).not.toMatch(/<script|javascript:|onerror/)
  })
})

test('all three formats are served with all entries', async () => {
  for (const format of formats) expect((await server.ask(`/feeds/all.${format}`)).status).toBe(200)
  const { items } = JSON.parse((await server.ask('/feeds/all.json')).body.toString())
  expect(
    items.map((item: { id: string; title: string; date_published: string }) => ({
      id: item.id,
      title: item.title,
      at: Date.parse(item.date_published),
    })),
  ).toEqual(expected)
})
