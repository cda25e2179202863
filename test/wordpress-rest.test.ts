import { setInterval } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instant } from '../db/instant.ts'
import type { Item, Origin } from '../src/reading/index.ts'
import { readApart } from '../src/wordpress/post-reader.ts'
import { readHeads, readPosts, refusalIn } from '../src/wordpress/rest.ts'

const ORIGIN: Origin = {
  url: 'https://site.example/blog/',
  zone: 'Asia/Damascus',
  dateOrder: 'auto',
  now: 0 as Instant,
}

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

async function item(post: Record<string, unknown>): Promise<Item> {
  const [read] = (await readPosts(bytes([{ id: 7, title: { rendered: 'عنوان' }, ...post }]), ORIGIN))!
  return (read as { item: Item }).item
}

describe('a post of the REST API', () => {
  test('has the instant that its site means: UTC, or its own clock where UTC is nought', async () => {
    const at = (iso: string) => Date.parse(iso)
    expect(await item({ date_gmt: '2025-12-04T08:00:00', modified_gmt: '2025-12-05T08:00:00' })).toMatchObject({
      published_at: at('2025-12-04T08:00:00Z'),
      updated_at: at('2025-12-05T08:00:00Z'),
    })
    const unset = { date_gmt: '0000-00-00T00:00:00', modified_gmt: '0000-00-00T00:00:00' }
    expect(await item({ ...unset, date: '2025-12-04T08:00:00' })).toMatchObject({
      published_at: at('2025-12-04T05:00:00Z'),
    })
    expect(await item({ date_gmt: '2025-13-45T99:00:00', date: 'gestern' })).not.toHaveProperty('published_at')
  })

  test.each([
    ['<p>بداية النص ثم يقطعه ووردبريس [&hellip;]</p>', undefined],
    ['<p>بداية النص ثم يقطعه ووردبريس&#8230;</p>', undefined],
    ['<p>بداية النص. <a class="more-link" href="/x">اقرأ المزيد</a></p>', undefined],
    ['<p>نص قصير كامل.</p>', undefined],
    ['<p>ما كتبه المحرر &amp; وقّعه</p>', 'ما كتبه المحرر & وقّعه'],
  ])('has the summary that somebody wrote, not the one that WordPress cut: %s', async (rendered, summary) => {
    const read = await item({
      excerpt: { rendered },
      content: { rendered: '<p>نص <b>قصير</b> كامل.</p><p>وبعده المزيد</p>' },
    })
    expect(read.summary).toBe(summary)
  })

  test('is in the category that its editor marked, else in the first that says something', async () => {
    const names = ['Uncategorized', 'سياسة &amp; رأي', 'اقتصاد']
    const terms = [
      names.map((name, at) => ({ id: at + 1, taxonomy: 'category', name })),
      [{ id: 9, taxonomy: 'post_tag', name: 'R&amp;D' }],
    ]
    const _embedded = { 'wp:term': terms }
    expect(await item({ _embedded })).toMatchObject({ section: 'سياسة & رأي', tags: ['R&D', 'اقتصاد'] })
    const marked = await item({ _embedded, meta: { _yoast_wpseo_primary_category: '3' } })
    expect(marked).toMatchObject({ section: 'اقتصاد', tags: ['R&D', 'سياسة & رأي'] })
    expect(
      await item({ _embedded: { 'wp:term': [[{ id: 1, taxonomy: 'category', name: 'غير مصنف' }]] } }),
    ).not.toHaveProperty('section')
  })

  test('has no author or picture where its site hides them, and their names where it tells them elsewhere', async () => {
    const hidden = { author: [{ code: 'rest_user_invalid_id' }], 'wp:featuredmedia': [{ code: 'rest_forbidden' }] }
    expect(await item({ _embedded: hidden })).toMatchObject({ authors: [] })
    expect(await item({ _embedded: hidden })).not.toHaveProperty('image')
    const told = { yoast_head_json: { author: 'هالة' }, jetpack_featured_media_url: '/a.jpg' }
    expect(await item({ _embedded: hidden, ...told })).toMatchObject({
      authors: ['هالة'],
      image: { url: 'https://site.example/a.jpg' },
    })
  })

  test('is cleaned, its title one plain line, its addresses only http(s)', async () => {
    const read = await item({
      title: { rendered: '<b>خبر</b>\u202e &lt;script&gt;\nثانٍ' },
      link: 'javascript:alert(1)',
      content: { rendered: '<p>x<img src="/y.png" onerror="z()"><a href="javascript:1">w</a></p><script>v</script>' },
      _embedded: { 'wp:featuredmedia': [{ source_url: 'data:text/html,x' }] },
    })
    expect(read.title).toBe('خبر <script> ثانٍ')
    expect(read.html).toBe('<p>x<img alt="" src="https://site.example/y.png" /><a>w</a></p>')
    expect(read).not.toHaveProperty('link')
    expect(read).not.toHaveProperty('image')
  })
})

test('an answer is read whatever stands before and behind its JSON', () => {
  const list = '[{"id":5,"modified_gmt":"2025-12-04T08:00:00"}]'
  const heads = [{ number: 5, modified_at: Date.parse('2025-12-04T08:00:00Z') }]
  for (const text of [
    list,
    `\ufeff\n${list}`,
    `<b>Notice</b>: [x] {"y"} in a.php\n${list}`,
    `${list}\n<!-- cached -->`,
  ])
    expect([text, readHeads(bytes(text))]).toEqual([text, heads])
  for (const text of ['', '<html>', '{"code":"rest_no_route"}', '[1,2]', '{', '[{"id":"5"}]', 'null', '"[]"'])
    expect([text, readHeads(bytes(text))]).toEqual([text, undefined])
  expect(readHeads(bytes('[]'))).toEqual([])
  expect(refusalIn(bytes('notice {"code":"rest_forbidden"}'))).toBe('rest_forbidden')
})

test('JSON that is deeper or has more values than any page of posts is not read at all', async () => {
  const wide = `[${'{},'.repeat(1_300_000)}{"id":1}]`
  for (const hostile of [
    wide,
    '['.repeat(3_900_000),
    `x [{"a":1},${wide.slice(1)}`,
    `[{"id":1,"a":${'['.repeat(300)}${']'.repeat(300)}}]`,
  ]) {
    const work = process.threadCpuUsage()
    const before = process.memoryUsage().heapUsed
    expect(readHeads(Buffer.from(hostile))).toBeUndefined()
    const { user, system } = process.threadCpuUsage(work)
    expect((user + system) / 1000).toBeLessThan(1000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40_000_000)
  }
  const page = Array.from({ length: 100 }, (_, n) => ({
    id: n + 1,
    terms: Array.from({ length: 900 }, () => ({ a: 'x', b: 1 })),
  }))
  expect(readHeads(bytes(page))).toHaveLength(100)
})

test('whatever JSON a site answers, it is read or refused', async () => {
  const names = ['id', 'title', 'rendered', 'content', 'excerpt', 'guid', 'link', 'date', 'date_gmt', 'modified_gmt', '_embedded', 'wp:term', 'author', 'wp:featuredmedia', 'meta', '__proto__', 'constructor', 'name', 'taxonomy', 'source_url'] // biome-ignore format: one list
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.constantFrom('category', '<p>', '2025-12-04T08:00:00', 'https://x.example/', null, 7, -1, 1e300, true),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 8 }),
    ),
  })).value
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      const post = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { title: value }
      const posts = await readPosts(bytes([{ ...post, id: 3 }]), ORIGIN)
      expect(posts).toHaveLength(1)
      const read = posts![0]!
      expect(read.guid).toMatch(/\S/)
      if ('item' in read) expect(read.item.title).toMatch(/\S/)
      await readPosts(bytes(value), ORIGIN)
    }),
    { numRuns: 300 },
  )
})

test('a post that is made to be slow costs a worker, and nobody else their time', async () => {
  const nasty = { id: 1, content: { rendered: '<div>'.repeat(190_000) }, title: { rendered: '<'.repeat(900_000) } }
  let longest = 0 // ms of this thread's own time between two of its turns: the machine has other work
  let last = spent()
  const stop = new AbortController()
  const watched = (async () => {
    for await (const _ of setInterval(2, undefined, { signal: stop.signal })) {
      longest = Math.max(longest, spent() - last)
      last = spent()
    }
  })().catch(() => {})
  const page = bytes([nasty])
  last = spent()
  const [slow, right] = await Promise.all([
    readApart(page, ORIGIN),
    readApart(bytes([{ id: 2, title: { rendered: 'x' } }]), ORIGIN),
  ])
  stop.abort()
  await watched
  expect(slow === undefined || slow.length === 1).toBe(true)
  expect(right).toMatchObject([{ number: 2, item: { title: 'x' } }])
  expect(longest).toBeLessThan(50)
}, 30_000)

function spent(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
