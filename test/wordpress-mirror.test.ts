import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import type { Source } from '../src/sources/index.ts'
import * as sources from '../src/sources/index.ts'
import { follow, progress } from '../src/wordpress/mirror.ts'
import { takeNewest } from '../src/wordpress/newest.ts'
import { get } from './site.ts'
import { openWordpress, type Post, type Site } from './wordpress-site.ts'
import { databases, type Kind, openWorld, type World } from './world.ts'

const NOW = '2025-12-04T15:00:00Z'
const MINUTE = 60_000

type Mirrored = { world: World; site: Site; source: Source; [Symbol.asyncDispose](): Promise<void> }

/** A site with some posts, and a paper that has it as a source. */
async function openMirror(kind: Kind, posts = 3, folder = ''): Promise<Mirrored> {
  let clock = () => Date.parse(NOW)
  const site = await openWordpress(() => clock(), folder)
  const world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: site.place })
  clock = () => instant(world.now())
  for (let n = 0; n < posts; n++) site.add({ at: Date.parse('2025-01-01T08:00:00Z') + n * MINUTE })
  const source = await world.db
    .insertInto('source')
    .values({
      ...{ url: site.home, title: 'x', created_at: instant(world.now()), kind: 'wordpress', relation: 'own' },
      ...{ host: site.place, language: 'ar', zone: 'Europe/Istanbul' },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  return {
    world,
    site,
    source,
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

/** Polls until there is nothing more to fetch, ten minutes later. */
async function poll({ world, source }: Mirrored) {
  world.clock.advance({ minutes: 10 })
  let polled = await follow(world, 'test', source)
  while (polled.again) polled = await follow(world, 'test', source)
  const { report: _, ...rest } = polled
  return rest
}

async function shown({ world, source }: Mirrored) {
  return world.db
    .selectFrom('article')
    .selectAll()
    .where('source_id', '=', source.id)
    .where('withdrawn_at', 'is', null)
    .orderBy('published_at')
    .orderBy('guid')
    .execute()
}

async function titles(mirrored: Mirrored): Promise<string[]> {
  return (await shown(mirrored)).map(({ title }) => title)
}

async function state({ world, source }: Mirrored) {
  return progress(await world.db.selectFrom('source').selectAll().where('id', '=', source.id).executeTakeFirstOrThrow())
}

/** The questions since the last time this was asked, without the address. */
function asked({ site }: Mirrored): string[] {
  return site.asked.splice(0).map(({ url }) => decodeURIComponent(url!))
}

describe.each(databases)('a WordPress site on %s', (kind) => {
  test('is mirrored: what it has is the archive, each post whole and under its own guid', async () => {
    await using mirrored = await openMirror(kind, 0, '/blog')
    const { site, world } = mirrored
    const post = site.add({
      title: 'أسعار &#8220;الليرة&#8221; &amp; الذهب',
      content: '<p onclick="x()">نص <a href="/blog/about">عنا</a></p><script>alert(1)</script>',
      excerpt: '<p>كلمة المحرر عن الخبر</p>\n',
      at: Date.parse('2024-03-01T10:11:12Z'),
      modified: Date.parse('2024-03-02T10:11:12Z'),
      guid: `${site.home}?post_type=post&p=1`,
      categories: ['غير مصنف', 'اقتصاد', 'تركيا'],
      tags: ['الليرة'],
      image: { url: `${site.home}wp-content/uploads/a.jpg`, alt: 'ليرة', caption: 'أوراق &amp; نقد' },
    })
    site.add({ at: Date.parse('2024-03-03T00:00:00Z'), author: '', categories: ['Uncategorized'] })
    expect(await poll(mirrored)).toEqual({ status: 'ok' })
    const [first, second] = await shown(mirrored)
    expect(first).toMatchObject({
      title: 'أسعار “الليرة” & الذهب',
      body_html: `<p>نص <a href="${site.home}about">عنا</a></p>`,
      summary: 'كلمة المحرر عن الخبر',
      section: 'اقتصاد',
      url: site.link(post),
      guid: `${site.home}?post_type=post&p=1`,
      entry_id: `${site.home}?post_type=post&p=1`,
      published_at: post.at,
      updated_at: post.modified,
      image_url: `${site.home}wp-content/uploads/a.jpg`,
      image_alt: 'ليرة',
      image_caption: 'أوراق & نقد',
    })
    expect(second).toMatchObject({ section: null, summary: null, entry_id: `${site.home}?p=2` })
    expect([first!.archived_at, second!.archived_at]).not.toContain(null)
    const names = await world.db.selectFrom('tag').select('name').orderBy('name').execute()
    expect(names.map(({ name }) => name)).toEqual(['الليرة', 'تركيا'])
    expect(await world.db.selectFrom('author').select('name').execute()).toEqual([{ name: 'هالة القباني' }])
    expect(await state(mirrored)).toEqual({ phase: 'follow', held: 2, total: 2, notes: [] })
  })

  test('gives its name to a source that has none; its newest posts can be had for a first sight', async () => {
    await using mirrored = await openMirror(kind, 3)
    const { world, source } = mirrored
    await world.db.updateTable('source').set({ title: '' }).execute()
    const nameless = { ...source, title: '' }
    expect(await takeNewest(world, 'test', nameless, new AbortController().signal)).toEqual({ status: 'ok' })
    expect(await shown(mirrored)).toHaveLength(3)
    const { title, cursor } = await sources.find(world.db, source.id)
    expect({ title, cursor }).toEqual({ title: 'صحيفة الميناء & المدينة', cursor: null })
    await poll(mirrored)
    expect(await shown(mirrored)).toHaveLength(3)
  })

  test('is followed: new, edited, scheduled, trashed, private and restored posts all end right', async () => {
    await using mirrored = await openMirror(kind, 5)
    const { site } = mirrored
    const scheduled = site.add({
      title: 'مجدول',
      at: Date.parse('2025-12-04T15:15:00Z'),
      modified: Date.parse(NOW),
      status: 'future',
    })
    await poll(mirrored)
    expect(await titles(mirrored)).toEqual(['خبر 1', 'خبر 2', 'خبر 3', 'خبر 4', 'خبر 5'])

    site.add({ title: 'جديد' })
    site.edit(2, { title: 'خبر 2 مصحح' })
    site.edit(3, { status: 'trash' })
    site.edit(4, { status: 'private' })
    await poll(mirrored)
    expect(await titles(mirrored)).toEqual(['خبر 1', 'خبر 2 مصحح', 'خبر 5', 'جديد'])
    const news = (await shown(mirrored)).find(({ title }) => title === 'جديد')
    expect(news!.archived_at).toBeNull()

    site.release(scheduled.id)
    site.edit(3, { status: 'publish' })
    site.edit(4, { status: 'publish', title: 'خبر 4 من جديد' })
    await poll(mirrored)
    expect(await titles(mirrored)).toEqual(['خبر 1', 'خبر 2 مصحح', 'خبر 3', 'خبر 4 من جديد', 'خبر 5', 'جديد', 'مجدول'])
    site.remove(5)
    await poll(mirrored)
    expect(await titles(mirrored)).not.toContain('خبر 5')
  })

  test('costs two small requests where nothing has happened', async () => {
    await using mirrored = await openMirror(kind, 30)
    await poll(mirrored)
    await poll(mirrored)
    asked(mirrored)
    await poll(mirrored)
    const questions = asked(mirrored)
    expect(questions).toHaveLength(2)
    for (const question of questions) expect(question).toContain('_fields=id,modified_gmt')
    expect(questions[1]).toContain('modified_after=2025-01-01T08:24:00') // five minutes before the last
  })

  test('may call a post something else: it is the same story, and what it was called still leads to it', async () => {
    await using mirrored = await openMirror(kind, 1)
    const { site, world } = mirrored
    const slug = 'عودة-العبارات-الليلية'
    const before = new URL(site.link(site.posts.get(1)!)).pathname
    await poll(mirrored)
    site.edit(1, { slug })
    await poll(mirrored)
    const [story, ...others] = await shown(mirrored)
    expect(others).toEqual([])
    expect(story!.url).toBe(site.link(site.posts.get(1)!))
    for (const path of [before, new URL(story!.url!).pathname, '/?p=1']) {
      const { status, location } = await get(world, path)
      expect([path, status, location]).toEqual([path, 301, expect.stringContaining(`/a/${story!.public_id}/`)])
    }
    site.edit(1, { guid: 'https://moved.example/?p=1', title: 'بعد الانتقال' })
    await poll(mirrored)
    expect(await shown(mirrored)).toMatchObject([{ public_id: story!.public_id, title: 'بعد الانتقال' }])
  })

  test('may close a post with a password: it is withdrawn until it is open again', async () => {
    await using mirrored = await openMirror(kind, 2)
    const { site } = mirrored
    site.add({ title: 'سر', password: 'x', at: Date.parse('2025-01-02T00:00:00Z') })
    await poll(mirrored)
    expect(await titles(mirrored)).toEqual(['خبر 1', 'خبر 2'])
    expect((await state(mirrored)).notes).toEqual(['post 3 was left out: it asks for a password'])
    const open: Partial<Post> = { ...site.posts.get(3) }
    delete open.password
    site.edit(1, { password: 'x' })
    site.posts.set(3, { ...(open as Post), modified: site.posts.get(1)!.modified })
    await poll(mirrored)
    expect(await titles(mirrored)).toEqual(['خبر 2', 'سر'])
  })

  test('is taken on from where a stopped reader was; no page is asked for twice but the one it stopped in', async () => {
    await using mirrored = await openMirror(kind, 230)
    const { site, world, source } = mirrored
    const stopping = new AbortController()
    const interval = setInterval(() => {
      if (site.asked.length >= 5) stopping.abort()
    }, 1)
    expect(await follow(world, 'test', source, { signal: stopping.signal })).toMatchObject({
      status: 'ok',
      again: true,
    })
    clearInterval(interval)
    const taken = await world.db.selectFrom('wordpress_post').select('number').execute()
    expect(taken.length).toBeGreaterThan(0)
    expect(taken.length).toBeLessThan(230)
    const second = await world.again()
    await poll({ ...mirrored, world: second })
    await second.database.close()
    const pages = asked(mirrored).filter((question) => question.includes('order=asc'))
    expect(new Set(pages).size).toBeGreaterThanOrEqual(pages.length - 1)
    expect(await shown(mirrored)).toHaveLength(230)
    expect(await state(mirrored)).toMatchObject({ phase: 'follow', held: 230, total: 230 })
  })

  test('loses nothing of what moves up while it is read, and tells news from the archive', async () => {
    await using mirrored = await openMirror(kind, 60)
    const { site } = mirrored
    site.manner.most = 10
    let n = 0
    site.onAsked = () => {
      if (++n !== 5) return
      for (const id of [1, 2, 3, 4, 5, 6, 7]) site.edit(id, { status: 'trash' })
      site.add({ title: 'عاجل' })
    }
    await poll(mirrored)
    const now = await titles(mirrored)
    expect(now).toHaveLength(54)
    for (let id = 8; id <= 60; id++) expect(now).toContain(`خبر ${id}`)
    const stories = await shown(mirrored)
    expect(stories.filter(({ archived_at }) => archived_at === null).map(({ title }) => title)).toEqual(['عاجل'])
  })

  test('is not believed at once when it lists nothing or half; what is really gone goes with the next poll', async () => {
    await using mirrored = await openMirror(kind, 40)
    const { site } = mirrored
    await poll(mirrored)
    site.manner.blank = true
    await poll(mirrored)
    expect(await titles(mirrored)).toHaveLength(40)
    site.manner.blank = false
    await poll(mirrored)
    await poll(mirrored)
    expect(await titles(mirrored)).toHaveLength(40)
    for (let id = 1; id <= 30; id++) site.remove(id)
    await poll(mirrored)
    expect(await titles(mirrored)).toHaveLength(40)
    expect((await state(mirrored)).notes).toContainEqual(expect.stringContaining('once more'))
    await poll(mirrored)
    expect(await titles(mirrored)).toHaveLength(10)
    site.add({ title: 'جديد' })
    await poll(mirrored)
    expect(await titles(mirrored)).toHaveLength(11)
  })

  test('that fails over a post is mirrored without it, and with it when it is mended', async () => {
    await using mirrored = await openMirror(kind, 50)
    const { site } = mirrored
    site.manner.broken.add(33)
    expect(await poll(mirrored)).toEqual({ status: 'ok' })
    expect(await titles(mirrored)).toHaveLength(49)
    expect((await state(mirrored)).notes).toEqual([expect.stringMatching(/^post 33 was left out: it answers 500/)])
    asked(mirrored)
    await poll(mirrored)
    expect(asked(mirrored).filter((question) => question.includes('_embed'))).toEqual([])
    site.manner.broken.clear()
    site.edit(33, {})
    await poll(mirrored)
    expect(await titles(mirrored)).toContain('خبر 33')
  })

  test('that is down or busy is left alone, and nothing of it is lost', async () => {
    await using mirrored = await openMirror(kind, 50)
    const { site } = mirrored
    site.manner.busy = 1
    expect(await poll(mirrored)).toMatchObject({ status: 'backoff', retryAfter: 7 })
    site.manner.down = true
    expect(await poll(mirrored)).toMatchObject({ status: 'error', error: expect.stringContaining('500') })
    site.manner.down = false
    expect(await poll(mirrored)).toEqual({ status: 'ok' })
    site.manner.down = true
    expect(await poll(mirrored)).toMatchObject({ status: 'error' })
    expect(await titles(mirrored)).toHaveLength(50)
    expect(await state(mirrored)).toMatchObject({ phase: 'follow', notes: [] })
  })

  test.each([
    ['before 4.9, that refuses an order which it does not know', { old: true, ancient: true }],
    ['before 5.7, where modifications are not asked for', { old: true }],
    ['that knows neither fields nor numbers nor modifications', { old: true, simple: true }],
    [
      'with notices before the JSON',
      { notice: '\ufeff<br />\n<b>Notice</b>: Undefined index [x] {"y"} in <b>/a.php</b>\n' },
    ],
    ['without pretty addresses', { plain: true }],
    ['that gives ten posts on a page', { most: 10 }],
    ['that refuses single posts', { single: true }],
  ])('%s ends right all the same', async (_, manner) => {
    await using mirrored = await openMirror(kind, 45)
    const { site } = mirrored
    Object.assign(site.manner, manner)
    await poll(mirrored)
    expect(await titles(mirrored)).toHaveLength(45)
    site.edit(2, { title: 'مصحح' })
    site.add({ title: 'جديد' })
    site.edit(7, { status: 'trash' })
    await poll(mirrored)
    mirrored.world.clock.advance({ hours: 25 })
    await poll(mirrored)
    await poll(mirrored)
    const now = await titles(mirrored)
    expect(now).toHaveLength(45)
    expect(now).toEqual(expect.arrayContaining(['مصحح', 'جديد']))
    expect(now).not.toContain('خبر 7')
  })

  test.each(['closed', 'page', 'none'] as const)('whose API is %s is read by its feed, page by page', async (rest) => {
    await using mirrored = await openMirror(kind, 45)
    const { site } = mirrored
    site.manner.rest = rest
    expect(await poll(mirrored)).toEqual({ status: 'ok' })
    expect(await titles(mirrored)).toHaveLength(45)
    const [first] = await shown(mirrored)
    expect(first).toMatchObject({ entry_id: `${site.home}?p=1`, archived_at: expect.any(Number) })
    expect(await state(mirrored)).toMatchObject({
      phase: 'feed',
      notes: [expect.stringContaining('the feed is read instead')],
    })
    asked(mirrored)
    site.add({ title: 'جديد' })
    await poll(mirrored)
    expect(asked(mirrored)).toEqual(['/feed/'])
    expect(await titles(mirrored)).toContain('جديد')
  })

  test('whose API opens again is read by it, without a story told twice; whose API closes, by its feed', async () => {
    await using mirrored = await openMirror(kind, 25)
    const { site, world } = mirrored
    site.manner.rest = 'closed'
    await poll(mirrored)
    site.manner.rest = 'open'
    await poll(mirrored)
    expect(await state(mirrored)).toMatchObject({ phase: 'feed' })
    world.clock.advance({ hours: 7 * 24 })
    await poll(mirrored)
    expect(await state(mirrored)).toMatchObject({ phase: 'follow', held: 25 })
    expect(await titles(mirrored)).toHaveLength(25)
    site.manner.rest = 'closed'
    site.add({ title: 'جديد' })
    await poll(mirrored)
    await poll(mirrored)
    expect(await state(mirrored)).toMatchObject({ phase: 'feed' })
    expect(await titles(mirrored)).toHaveLength(26)
    site.manner.rest = 'open'
    site.edit(3, { status: 'trash' })
    world.clock.advance({ hours: 24 })
    await poll(mirrored)
    expect(await state(mirrored)).toMatchObject({ phase: 'follow', held: 25, total: 25 })
    expect(await titles(mirrored)).toHaveLength(25)
  })

  test('behind a cache that ignores the question is read by its feed', async () => {
    await using mirrored = await openMirror(kind, 45)
    const { site } = mirrored
    site.manner.cached = true
    await poll(mirrored)
    expect(await state(mirrored)).toMatchObject({ phase: 'feed' })
    const some = (await titles(mirrored)).length
    expect(some).toBeGreaterThanOrEqual(10)
    site.add({ title: 'جديد' })
    await poll(mirrored)
    expect(await titles(mirrored)).toHaveLength(some + 1)
  })

  test('that was copied from another keeps two posts with one guid apart', async () => {
    await using mirrored = await openMirror(kind, 0)
    const { site } = mirrored
    for (const title of ['أول', 'ثانٍ', 'ثالث'])
      site.add({ title, guid: 'https://other.example/?p=5', at: Date.parse(NOW) - MINUTE })
    await poll(mirrored)
    expect((await shown(mirrored)).map(({ guid }) => guid).sort()).toEqual(
      [`${site.home}?p=2`, `${site.home}?p=3`, 'https://other.example/?p=5'].sort(),
    )
    site.edit(2, { title: 'ثانٍ مصحح' })
    await poll(mirrored)
    expect((await titles(mirrored)).sort()).toEqual(['أول', 'ثالث', 'ثانٍ مصحح'].sort())
  })
})
