import { describe, expect, test } from 'vitest'
import * as sources from '../src/sources/index.ts'
import { colleague, openDesk } from './desk.ts'
import { feedOf } from './feed-of.ts'
import { openPartner, type Partner } from './partner.ts'
import { openWordpress } from './wordpress-site.ts'
import { databases, type Kind } from './world.ts'

const NOW = '2026-12-01T08:00:00Z'
const SEVEN = Array.from({ length: 7 }, (_, n) => ({
  guid: `g${n}`,
  title: `قارب ${n} يصل إلى الميناء`,
  at: `2026-11-3${n % 2}T0${n}:00:00Z`,
}))

/** A partner's site of these pages; all else is not there. */
async function siteOf(pages: Record<string, string | Buffer>): Promise<Partner> {
  return openPartner((request, response) => {
    const page = pages[request.url!]
    response.writeHead(page === undefined ? 404 : 200).end(page ?? 'nothing')
  })
}

async function openDeskFor(kind: Kind, site: { place: string }) {
  return openDesk(kind, { NASHRA_FETCH_ALLOW: site.place })
}

async function textOf(answer: Response | Promise<Response>): Promise<string> {
  return (await answer).text()
}

async function rowsIn(desk: Awaited<ReturnType<typeof openDesk>>) {
  const { db } = desk.world
  const n = async (table: 'source' | 'source_item' | 'source_host' | 'article' | 'change' | 'wordpress_post') =>
    (
      await db
        .selectFrom(table)
        .select(({ fn }) => fn.countAll().as('n'))
        .executeTakeFirstOrThrow()
    ).n
  return [
    await n('source'),
    await n('source_item'),
    await n('source_host'),
    await n('article'),
    await n('change'),
    await n('wordpress_post'),
  ].map(Number)
}

describe.each(databases)('the sources at the desk, on %s', (kind) => {
  test('are read as a test, which finds the feed, shows five stories and stores nothing', async () => {
    await using site = await siteOf({
      '/': '<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/news.xml"><link rel="alternate" type="application/rss+xml" title="رياضة" href="/category/sport/feed/"></head><body><p>أهلًا</p></body></html>',
      '/news.xml': feedOf(SEVEN, { title: 'جريدة الشاطئ' }),
    })
    await using desk = await openDeskFor(kind, site)
    const editor = await colleague(desk, 'editor')
    const before = await rowsIn(desk)
    const page = await textOf(editor.post('/admin/sources/new', { do: 'try', url: site.url, section: 'موانئ' }))
    expect(page.match(/قارب \d يصل/g)).toHaveLength(5)
    for (const told of [
      'جريدة الشاطئ',
      'all of it is UTF-8',
      `value="${site.url}/news.xml"`,
      'نص الخبر g',
      'value="موانئ"',
      '· <bdi>موانئ</bdi>',
    ])
      expect(page).toContain(told)
    expect(page).toContain(`name="instead" value="${site.url}/category/sport/feed/"`)
    expect(await rowsIn(desk)).toEqual(before)
    const kept = await editor.post('/admin/sources/new', {
      do: 'keep',
      url: `${site.url}/news.xml`,
      section: 'موانئ',
      intake: 'hold',
    })
    expect(kept.status).toBe(303)
    const [source] = await sources.all(desk.world.db)
    expect(source).toMatchObject({ url: `${site.url}/news.xml`, section: 'موانئ', intake: 'hold', kind: 'feed' })
    expect(kept.headers.get('location')).toBe(`/admin/sources/${source!.id}?told=saved`)
  })

  test('show the charset that was decided, dates as they were understood, and what gives cause for doubt', async () => {
    const text =
      '<?xml version="1.0"?><rss version="2.0"><channel><title>??????</title><item><guid>1</guid><title>TITLE</title><pubDate>05/11/2026 10:00</pubDate></item><item><guid>2</guid><title>TITLE</title><pubDate>31/12/2099 10:00</pubDate></item></channel></rss>'
    const arabic = Buffer.from([0xc7, 0xe1, 0xc3, 0xd3, 0xda, 0xc7, 0xd1, 0x20, 0xca, 0xd1, 0xca, 0xdd, 0xda]) // الأسعار ترتفع in windows-1256
    const bytes = Buffer.concat(
      text.split('TITLE').flatMap((part, n) => (n === 0 ? [Buffer.from(part)] : [arabic, Buffer.from(part)])),
    )
    await using site = await siteOf({ '/feed': bytes })
    await using desk = await openDeskFor(kind, site)
    const editor = await colleague(desk, 'editor')
    const page = await textOf(
      editor.post('/admin/sources/new', {
        url: `${site.url}/feed`,
        language: 'ar',
        zone: 'Asia/Beirut',
        date_order: 'day',
      }),
    )
    for (const told of ['windows-1256', 'الأسعار ترتفع', '05/11/2026 10:00', '2026-11-05T08:00:00', '31/12/2099 10:00'])
      expect(page).toContain(told)
    expect(page).toMatch(/<bdi lang="en" dir="ltr">[^<]*Arabic/)
    expect(page).toContain('خبر واحد بلا تاريخ')
    expect(page).toContain('خبران كلٌّ منهما عنوان بلا نص')
  })

  test('of WordPress are read as a test through their interface', async () => {
    await using site = await openWordpress(() => Date.parse(NOW) - 60_000)
    for (let n = 0; n < 8; n++) site.add()
    await using desk = await openDeskFor(kind, site)
    const editor = await colleague(desk, 'editor')
    const before = await rowsIn(desk)
    const page = await textOf(editor.post('/admin/sources/new', { do: 'try', url: site.home, relation: 'own' }))
    expect(page).toContain('عبر واجهته البرمجية')
    expect(page.match(/<ol class="plain found">[\s\S]*?<\/ol>/)![0].match(/<li>/g)).toHaveLength(5)
    expect(await rowsIn(desk)).toEqual(before)
  })

  test('that cannot be read say why, and may be kept all the same; no address of the house is asked', async () => {
    await using site = await siteOf({ '/feed': '<html>no feed</html>' })
    await using desk = await openDeskFor(kind, site)
    const editor = await colleague(desk, 'editor')
    for (const url of [
      '',
      'javascript:alert(1)',
      `${site.url}/nowhere-rss`,
      `${site.url}/feed`,
      'http://127.0.0.1:9/feed',
      'http://169.254.169.254/rss',
    ]) {
      const answer = await editor.post('/admin/sources/new', { url, credit: 'يبقى ما كُتب' })
      expect([url, answer.status]).toEqual([url, 422]) // no 5xx: what stands before us might put a page of its own there
      const page = await answer.text()
      expect(page).toContain('value="يبقى ما كُتب"')
      expect(page).toContain('value="keep"')
    }
    expect(site.asked.map(({ url }) => url)).toEqual(['/nowhere-rss', '/feed'])
    await sources.add(desk.world, 'cli', `${site.url}/known.rss`, {})
    expect((await editor.post('/admin/sources/new', { url: `${site.url}/known.rss` })).status).toBe(409)
  })

  test('stand in a table with their state, that the address filters', async () => {
    await using site = await siteOf({
      '/a.rss': feedOf(SEVEN),
      '/held.rss': feedOf([{ guid: 'h', title: 'خبر ينتظر' }]),
    })
    await using desk = await openDeskFor(kind, site)
    const { world } = desk
    const editor = await colleague(desk, 'editor')
    const [good, held, bad, paused] = [
      await sources.add(world, 'cli', `${site.url}/a.rss`, { title: 'السليم' }),
      await sources.add(world, 'cli', `${site.url}/held.rss`, { title: 'المحتجز', intake: 'hold' }),
      await sources.add(world, 'cli', `${site.url}/missing.rss`, { title: 'المتعثر' }),
      await sources.add(world, 'cli', `${site.url}/paused.rss`, { title: 'الموقوف' }),
    ]
    for (const one of [good, held, bad]) await sources.poll(world, 'cli', one)
    await sources.pause(world, 'cli', paused.id)
    const names = ['السليم', 'المحتجز', 'المتعثر', 'الموقوف']
    const shown = async (state: string) => {
      const page = await textOf(editor.get(`/admin/sources?state=${state}`))
      return names.filter((name) => page.includes(`<bdi>${name}</bdi>`))
    }
    expect(await shown('')).toEqual(names)
    expect(await shown('failing')).toEqual(['المتعثر'])
    expect(await shown('paused')).toEqual(['الموقوف'])
    expect(await shown('held')).toEqual(['المحتجز'])
    expect(await shown('ended')).toEqual([])
    const page = await textOf(editor.get(`/admin/sources/${bad.id}`))
    expect(page).toContain('<bdi lang="en" dir="ltr">there is nothing at this address (404)</bdi>')
    const waiting = await textOf(editor.get(`/admin/sources/${held.id}/items?state=held`))
    expect(waiting).toContain('خبر ينتظر')
    expect(await textOf(editor.get(`/admin/sources/${good.id}/items`))).toMatch(/<a href="\/a\/[a-z0-9]+"><bdi>قارب 6/)
  })

  test('are paged by key, items too', async () => {
    await using site = await siteOf({
      '/a.rss': feedOf(Array.from({ length: 120 }, (_, n) => ({ guid: `p${n}`, title: `خبر مرقّم ${n}.` }))),
    })
    await using desk = await openDeskFor(kind, site)
    const editor = await colleague(desk, 'editor')
    const source = await sources.add(desk.world, 'cli', `${site.url}/a.rss`, {})
    await sources.poll(desk.world, 'cli', source)
    const seen = new Set<string>()
    let path: string | undefined = `/admin/sources/${source.id}/items?state=published`
    let pages = 0
    while (path) {
      const page: string = await textOf(editor.get(path))
      for (const [title] of page.matchAll(/خبر مرقّم \d+\./g)) seen.add(title)
      path = /rel="next" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
      pages++
    }
    expect([pages, seen.size]).toEqual([3, 120])
    expect((await editor.get(`/admin/sources/${source.id}/items?after=%00.x`)).status).toBe(200)
  })

  test('are changed, only in what is otherwise, and a change can be taken back until another one', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    const editor = await colleague(desk, 'editor')
    const { id } = await sources.add(world, 'cli', 'https://partner.example/feed', {
      title: 'شريك',
      zone: 'Europe/Istanbul',
    })
    const page = await textOf(editor.get(`/admin/sources/${id}`))
    expect(page).toContain('<option value="Europe/Istanbul" selected>')
    world.clock.advance({ minutes: 1 })
    const form = {
      url: 'https://partner.example/feed',
      title: 'شريك',
      zone: '',
      credit: 'وكالة الشريك',
      intake: 'hold',
      relation: 'partner',
      body: 'full',
      first: 'archive',
      pictures: 'leave',
      date_order: 'auto',
      language: '',
      section: '',
      charset: '',
    }
    const saved = await editor.post(`/admin/sources/${id}`, form)
    expect(saved.headers.get('location')).toMatch(/told=saved&undo=\d+$/)
    expect(await sources.find(world.db, id)).toMatchObject({ zone: null, credit: 'وكالة الشريك', intake: 'hold' })
    const trail = await world.db.selectFrom('change').select('after').where('verb', '=', 'source.set').execute()
    expect(
      trail.map(({ after }) =>
        Object.keys(JSON.parse(after!))
          .filter((name) => !/etag|last_mod|due/.test(name))
          .sort(),
      ),
    ).toEqual([['credit', 'intake', 'zone']])
    const undo = { undo: new URL(saved.headers.get('location')!, 'http://x').searchParams.get('undo')! }
    world.clock.advance({ minutes: 1 })
    expect((await editor.post(`/admin/sources/${id}/undo`, undo)).headers.get('location')).toMatch(/told=undone$/)
    expect(await sources.find(world.db, id)).toMatchObject({ zone: 'Europe/Istanbul', credit: null, intake: 'publish' })
    expect((await editor.post(`/admin/sources/${id}/undo`, undo)).headers.get('location')).toMatch(/told=gone$/)
    expect((await editor.post(`/admin/sources/${id}/undo`, { undo: 'x' })).headers.get('location')).toMatch(
      /told=gone$/,
    )
    const refused = await editor.post(`/admin/sources/${id}`, { ...form, charset: 'klingon', credit: 'يبقى' })
    expect([refused.status, (await refused.text()).includes('value="يبقى"')]).toEqual([422, true])
  })

  test('are paused, resumed and read at once', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    const editor = await colleague(desk, 'editor')
    const { id } = await sources.add(world, 'cli', 'https://partner.example/feed', {})
    const is = () => sources.find(world.db, id)
    await world.db
      .updateTable('source')
      .set({ due_at: (Date.parse(NOW) + 3_600_000) as never })
      .execute()
    expect((await editor.post(`/admin/sources/${id}/poll`)).status).toBe(303)
    expect((await is()).due_at).toBe(Date.parse(NOW))
    await editor.post(`/admin/sources/${id}/pause`)
    expect(await is()).toMatchObject({ due_at: null, paused_at: Date.parse(NOW) })
    await editor.post(`/admin/sources/${id}/poll`)
    expect(await is()).toMatchObject({ due_at: null })
    expect(await textOf(editor.get(`/admin/sources/${id}`))).toContain(`action="/admin/sources/${id}/resume"`)
    await editor.post(`/admin/sources/${id}/resume`)
    expect(await is()).toMatchObject({ due_at: Date.parse(NOW), paused_at: null })
  })

  test('cannot make our pages say or run what they like', async () => {
    const bad = '<script>alert(1)</script>'
    const entry = `<item><guid>"&gt;${'&lt;script&gt;'}</guid><title>&lt;img src=x onerror=alert(1)&gt;</title><link>javascript:alert(1)</link><description>&lt;script&gt;alert(1)&lt;/script&gt;نص</description><pubDate>${'"&gt;&lt;script&gt;'}</pubDate></item>`
    await using site = await siteOf({
      '/x.rss': `<rss version="2.0"><channel><title>&lt;script&gt;alert(1)&lt;/script&gt;</title>${entry}</channel></rss>`,
    })
    await using desk = await openDeskFor(kind, site)
    const editor = await colleague(desk, 'editor')
    const tried = await textOf(editor.post('/admin/sources/new', { url: `${site.url}/x.rss`, title: bad }))
    const source = await sources.add(desk.world, 'cli', `${site.url}/x.rss`, { credit: bad })
    await sources.poll(desk.world, 'cli', source)
    const pages = [tried]
    for (const path of ['', `/${source.id}`, `/${source.id}/items`])
      pages.push(await textOf(editor.get(`/admin/sources${path}`)))
    for (const page of pages) {
      expect(page).not.toMatch(/<script>|<img src=x|href="javascript:/)
    }
  })

  test('are shown to all, and changed by editors alone; none of another number is there', async () => {
    await using desk = await openDesk(kind)
    const reader = await colleague(desk, 'reader')
    const { id } = await sources.add(desk.world, 'cli', 'https://partner.example/feed', {})
    expect(await textOf(reader.get(`/admin/sources/${id}`))).not.toContain(`action="/admin/sources/`)
    expect((await reader.get('/admin/sources/new')).status).toBe(403)
    for (const path of ['new', id, `${id}/undo`, `${id}/poll`, `${id}/pause`, `${id}/resume`])
      expect((await reader.post(`/admin/sources/${path}`)).status).toBe(403)
    const editor = await colleague(desk, 'editor')
    for (const strange of ['0', '999', '-1', '1e3', '01', 'x']) {
      expect((await editor.get(`/admin/sources/${strange}`)).status).toBe(404)
      expect((await editor.post(`/admin/sources/${strange}/pause`)).status).toBe(404)
      expect((await editor.get(`/admin/sources/${strange}/items`)).status).toBe(404)
    }
  })
})
