import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { Problem } from '../src/problem.ts'
import * as reading from '../src/reading/index.ts'
import { encode } from './encode.ts'
import { hostile } from './hostile.ts'
import { origin } from './origin.ts'

afterAll(reading.close)

const GOOD = '<rss version="2.0"><channel><title>t</title><item><title>خبر</title><guid>g</guid></item></channel></rss>'
const SLOWEST = 30_000 // ms, on a busy machine
const MOST_WORK = 8000 // ms of all threads; a quarter of it for most
const LONGEST_TURN = 50 // ms

describe('a hostile document ends as a document or a refusal, and costs nobody else', () => {
  test.each(Object.keys(hostile))('%s', async (name) => {
    const bytes = Buffer.from(hostile[name]!()).subarray(0, 10_000_000)
    const beat = heartbeat()
    const from = performance.now()
    const work = process.cpuUsage()
    const hurt = outcome(bytes)
    const other = await outcome(Buffer.from(GOOD))
    const ended = await hurt
    expect(other).toMatchObject({ items: [{ title: 'خبر', guid: 'g' }] })
    expect(performance.now() - from).toBeLessThan(SLOWEST)
    const { user, system } = process.cpuUsage(work)
    expect((user + system) / 1000).toBeLessThan(MOST_WORK)
    expect(beat.stop()).toBeLessThan(LONGEST_TURN)
    if (ended instanceof Problem) expect(ended.values['reason']).not.toMatch(/stumbled|broke|memory|took more/)
    else expect(JSON.stringify(ended).length).toBeLessThan(30_000_000)
  })

  test('entities are never resolved: neither those that grow nor those that read files', async () => {
    for (const name of ['a billion laughs', 'an external entity']) {
      const ended = await outcome(Buffer.from(hostile[name]!()))
      expect(ended).toMatchObject({
        code: 'feed-unreadable',
        values: { reason: expect.stringMatching(/entities of its own/) },
      })
    }
    const plain = await outcome(Buffer.from(GOOD.replace('خبر', '&xxe; &lt;').replace('<rss', '<!DOCTYPE rss><rss')))
    expect(plain).toMatchObject({ items: [{ title: '&xxe; <' }] })
  })

  test('ten thousand entries arrive whole', async () => {
    const ended = await outcome(Buffer.from(hostile['ten thousand entries of one kilobyte']!()))
    expect(ended).toMatchObject({ items: { length: 10_000 } })
  })

  test('nesting is refused', async () => {
    expect(await outcome(Buffer.from(hostile['elements 20,000 deep']!()))).toMatchObject({
      values: { reason: 'its elements are nested more than 200 deep' },
    })
  })

  test('many documents at once share two workers, and each gets its own answer', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => outcome(Buffer.from(GOOD.replace('خبر', `خبر ${n}`)))),
    )
    expect(all.map((one) => (one as reading.Document).items[0]!.title)).toEqual(all.map((_, n) => `خبر ${n}`))
  })

  test('the caller keeps the bytes that it gave', async () => {
    const bytes = Buffer.from(GOOD)
    await outcome(bytes)
    expect(bytes.toString()).toBe(GOOD)
  })

  test('it can be closed in the middle, and reads again afterwards', async () => {
    const cut = outcome(Buffer.from(hostile['ten thousand entries of one kilobyte']!()))
    await reading.close()
    expect(await cut).toMatchObject({ code: 'feed-unreadable', values: { reason: 'we stopped' } })
    expect(await outcome(Buffer.from(GOOD))).toMatchObject({ items: [{ title: 'خبر' }] })
  })
})

const FEEDS = [
  '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>قناة</title><link>https://x.example/</link><item><title>خبر &amp; خبر</title><link>/1</link><guid>g1</guid><pubDate>Thu, 04 Dec 2025 14:30:00 EET</pubDate><description><![CDATA[<p>نص <img src="/a.jpg"></p>]]></description><media:content url="/a.jpg"><media:title>x</media:title></media:content><category>وسم</category></item><item><title>b</title></item></channel></rss>',
  '<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:lang="ar"><a:title>t</a:title><a:entry><a:id>1</a:id><a:title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">x <b>y</b></div></a:title><a:link href="/1"/><a:updated>2025-12-04T00:00:00Z</a:updated><a:author><a:name>n</a:name></a:author><a:content type="html">&lt;p&gt;z&lt;/p&gt;</a:content></a:entry></a:feed>',
  '{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","url":"/1","title":"خبر","content_html":"<p>x</p>","tags":["a"],"authors":[{"name":"n"}],"date_published":"2025-12-04T00:00:00Z"}]}',
].flatMap((text) => [Buffer.from(text), encode(text, 'utf-16le')])

/** A feed with pieces cut out, inserted, repeated, moved, and bits flipped. */
const broken = fc
  .tuple(
    fc.constantFrom(...FEEDS),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.nat(60),
        put: fc.oneof(
          fc.constantFrom('<', '>', '&', ']]>', '<![CDATA[', '<!--', '-->', '</', '/>', '"', "'", '<item>', '</item>', '<entry', '<!DOCTYPE', '<?', '__proto__', '\0', '{', '"items":', '<p>', '<title>', 'xml:base="::"'), // biome-ignore format: one list
          fc.string({ unit: 'binary', maxLength: 10 }),
          fc.nat(300).map((from) => from),
        ),
      }),
      { maxLength: 12 },
    ),
  )
  .map(([feed, edits]) =>
    edits.reduce((bytes, { at, cut, put }) => {
      const from = Math.floor(at * bytes.length)
      const piece = typeof put === 'number' ? bytes.subarray(put, put + 80) : Buffer.from(put)
      return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from + cut)])
    }, feed),
  )

test('whatever is done to a feed, it is a document or unreadable, clean and in time', async () => {
  await fc.assert(
    fc.asyncProperty(broken, async (bytes) => {
      const from = performance.now()
      const ended = await outcome(bytes)
      expect(performance.now() - from).toBeLessThan(SLOWEST)
      if (ended instanceof Problem) {
        expect(ended.code).toBe('feed-unreadable')
        expect(ended.values['reason']).not.toMatch(/stumbled|broke|memory|took more/)
      } else {
        expect(ended.notes.dropped.map(({ reason }) => reason).join()).not.toMatch(/cannot be/)
        for (const item of ended.items) check(item)
      }
    }),
    { numRuns: 1500 },
  )
})

function check(item: reading.Item): void {
  expect(item.title).not.toBe('')
  expect(item.guid).not.toBe('')
  for (const text of [item.guid, item.title, item.html, ...item.tags, ...item.authors]) {
    expect(text.isWellFormed()).toBe(true)
    expect(text).not.toMatch(/[\0-\u0008\ufffe\uffff]/)
  }
  expect(item.html).not.toMatch(/<script|javascript:|\son\w+=/i)
  for (const url of [item.link, item.image?.url]) expect(url === undefined || /^https?:\/\//.test(url)).toBe(true)
}

function outcome(bytes: Buffer): Promise<reading.Document | Problem> {
  return reading.read(bytes, origin()).catch((problem: unknown) => {
    if (problem instanceof Problem) return problem
    throw problem
  })
}

/** How long this thread worked at most between two turns of its loop, in ms; waiting for a busy machine is not counted. */
function heartbeat(): { stop(): number } {
  let worst = 0
  let last = process.threadCpuUsage()
  function beat(): void {
    const { user, system } = process.threadCpuUsage(last)
    last = process.threadCpuUsage()
    worst = Math.max(worst, (user + system) / 1000)
  }
  const timer = setInterval(beat, 5)
  return {
    stop() {
      beat()
      clearInterval(timer)
      return worst
    },
  }
}
