import { describe, expect, test } from 'vitest'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import { colleague, type Desk, openDesk } from './desk.ts'
import { serveFeeds } from './feed-server.ts'
import { databases } from './world.ts'

const NOW = Date.parse('2026-12-01T08:00:00Z')

/** Three stories: two of the harbour, one of them in English, and one of the market. */
async function withStories(desk: Desk): Promise<void> {
  const story = (guid: string, title: string, section: string, tags: string[], language = 'ar') => ({
    ...{ source_id: 0, guid, title, section, tags, language, authors: ['سلمى'], body_html: `<p>${title}</p>` },
    published_at: (NOW - 3_600_000) as never,
  })
  await articles.publish(desk.world, 'cli', [
    story('a', 'رافعة جديدة في المرفأ', 'المرفأ', ['سفن', 'تجارة']),
    story('b', 'A crane for the harbour', 'المرفأ', ['سفن'], 'en'),
    story('c', 'أسعار الخضار تهبط', 'السوق', ['تجارة']),
  ])
}

async function textOf(answer: Response | Promise<Response>): Promise<string> {
  return (await answer).text()
}

describe.each(databases)('the channels at the desk, on %s', (kind) => {
  test('are made with a filter of several kinds, and the room counts what passes', async () => {
    await using desk = await openDesk(kind)
    await withStories(desk)
    const editor = await colleague(desk, 'editor')
    const form = await textOf(editor.get('/admin/channels/new/channel'))
    expect(form).toMatch(/name="section" value="المرفا"> <bdi>المرفأ<\/bdi> <span class="count">2</)
    expect(form).toMatch(/name="tag" value="سفن"[^>]*> <bdi>سفن/)
    const made = await editor.post('/admin/channels/new/channel', [
      ['slug', 'harbour'],
      ['title', 'أخبار المرفأ'],
      ['size', '20'],
      ['text', 'summary'],
      ['section', 'المرفا'],
      ['tags', 'سفن، قوارب'],
      ['languages', 'ar, en'],
    ])
    expect([made.status, made.headers.get('location')]).toEqual([303, '/admin/channels/harbour?told=saved'])
    const channel = await channels.find(desk.world.db, 'harbour')
    expect(channel).toMatchObject({ title: 'أخبار المرفأ', size: 20, text: 'summary', language: null })
    expect(channels.filterOf(channel)).toEqual({ section: ['المرفا'], tag: ['سفن', 'قوارب'], language: ['ar', 'en'] })
    const room = await textOf(editor.get('/admin/channels'))
    expect(room).toMatch(
      /أخبار المرفأ<\/bdi><\/a><\/th><td><bdi dir="ltr">\/c\/harbour<\/bdi><\/td><td class="number">2</,
    )
  })

  test('show what would pass before anything is saved, also to who has no JavaScript', async () => {
    await using desk = await openDesk(kind)
    await withStories(desk)
    const editor = await colleague(desk, 'editor')
    const piece = await textOf(editor.post('/admin/channels/new/preview', { tags: 'تِجارة', languages: 'AR' }))
    expect(piece).not.toContain('<html')
    expect([piece.includes('رافعة جديدة'), piece.includes('أسعار الخضار'), piece.includes('A crane')]).toEqual([
      true,
      true,
      false,
    ])
    const looked = await textOf(
      editor.post('/admin/channels/new/channel', {
        look: '1',
        title: 'سفن فقط',
        tags: 'سفن',
        sections: 'قسم لم يأتِ بعد',
      }),
    )
    expect(looked).toContain('value="سفن فقط"')
    expect(looked).toMatch(/value="سفن" checked/)
    expect(looked).toMatch(/value="قسم لم يأتِ بعد" checked/)
    expect(looked).not.toContain('A crane')
    expect(await textOf(editor.post('/admin/channels/new/preview', { languages: 'not a language' }))).toContain(
      'mistake',
    )
    expect((await channels.all(desk.world.db)).map(({ slug }) => slug)).toEqual(['all'])
  })

  test('are changed: the feed is built anew, its id and address stay, and the change can be taken back once', async () => {
    await using desk = await openDesk(kind)
    await withStories(desk)
    const editor = await colleague(desk, 'editor')
    const before = await channels.add(desk.world, 'cli', {
      slug: 'market',
      title: 'السوق',
      filter: { section: ['السوق'] },
    })
    await using feeds = await serveFeeds(desk.world)
    const feed = async () => (await feeds.ask('/feeds/market.rss')).body.toString()
    expect(await feed()).not.toContain('A crane')
    desk.world.clock.advance({ minutes: 1 })
    const saved = await editor.post('/admin/channels/market', { title: 'السوق والمرفأ', size: '50', text: 'full' })
    const after = await channels.find(desk.world.db, 'market')
    expect(saved.headers.get('location')).toBe(`/admin/channels/market?told=saved&undo=${after.changed_at}`)
    expect(after).toMatchObject({
      title: 'السوق والمرفأ',
      filter: '{}',
      feed_id: before.feed_id,
      version: before.version + 1,
    })
    await expect.poll(feed).toMatch(/السوق والمرفأ[\s\S]*A crane/)
    const page = await textOf(editor.get(saved.headers.get('location')!))
    expect(page).toMatch(/action="\/admin\/channels\/market\/undo"/)
    desk.world.clock.advance({ minutes: 1 })
    const undo = { undo: String(after.changed_at) }
    expect((await editor.post('/admin/channels/market/undo', undo)).headers.get('location')).toMatch(/told=undone$/)
    expect(await channels.find(desk.world.db, 'market')).toMatchObject({ title: 'السوق', filter: before.filter })
    expect((await editor.post('/admin/channels/market/undo', undo)).headers.get('location')).toMatch(/told=gone$/)
    const other = await colleague(desk, 'owner')
    expect((await other.post('/admin/channels/market/undo', undo)).headers.get('location')).toMatch(/told=gone$/)
  })

  test('say what is wrong and keep what was typed', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const fields = {
      slug: 'Bad Slug',
      title: 'ما كُتب يبقى',
      size: '900',
      text: 'full',
      languages: 'xx-not-one-of-them',
    }
    const refused = await editor.post('/admin/channels/new/channel', fields)
    expect(refused.status).toBe(422)
    const page = await refused.text()
    for (const kept of ['value="Bad Slug"', 'value="ما كُتب يبقى"', 'value="900"', 'value="xx-not-one-of-them" checked'])
      expect(page).toContain(kept)
    expect((await editor.post('/admin/channels/nowhere', { title: 'x' })).status).toBe(404)
    expect((await editor.get('/admin/channels/nowhere')).status).toBe(404)
    expect((await editor.get('/admin/channels/%00')).status).toBe(404)
    expect((await editor.post('/admin/channels/new/preview', { tags: '\0', section: 'a\0' })).status).toBe(200)
    for (const undo of ['x', '', '1e400', '-1'])
      expect((await editor.post('/admin/channels/all/undo', { undo })).headers.get('location')).toMatch(/told=gone$/)
  })

  test('leave the channel of everything as wide as it is', async () => {
    await using desk = await openDesk(kind)
    const editor = await colleague(desk, 'editor')
    const sent = { title: 'كل شيء', size: '30', text: 'full', sections: 'المرفأ' }
    expect((await editor.post('/admin/channels/all', sent)).status).toBe(303)
    expect(await channels.find(desk.world.db, 'all')).toMatchObject({ title: 'كل شيء', size: 30, filter: '{}' })
    await expect(channels.set(desk.world, 'cli', 'all', { filter: { section: ['المرفأ'] } })).rejects.toMatchObject({
      code: 'channel-takes-all',
    })
  })

  test('tell their health in words', async () => {
    await using desk = await openDesk(kind)
    await withStories(desk)
    const reader = await colleague(desk, 'reader')
    const room = await textOf(reader.get('/admin/channels'))
    expect(room).toContain('href="/admin/channels/all/health"')
    const health = await textOf(reader.get('/admin/channels/all/health'))
    expect(health).toMatch(/class="health"><p>[^<]*all/)
    expect(await textOf(reader.get('/admin/channels'))).not.toContain('hx-get="/admin/channels/all/health')
  })

  test('are shown to all and changed by editors alone', async () => {
    await using desk = await openDesk(kind)
    const reader = await colleague(desk, 'reader')
    const page = await textOf(reader.get('/admin/channels/all'))
    expect(page).toContain('https://news.example/feeds/all.atom')
    expect(page).not.toContain('<form method="post" action="/admin/channels/')
    expect((await reader.get('/admin/channels/new/channel')).status).toBe(403)
    expect((await reader.post('/admin/channels/all', { title: 'x', size: '5' })).status).toBe(403)
    expect((await reader.post('/admin/channels/all/undo', { undo: '1' })).status).toBe(403)
    expect((await reader.post('/admin/channels/new/preview')).status).toBe(403)
  })
})
