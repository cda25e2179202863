import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Instant, instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as digests from '../src/digests/index.ts'
import * as media from '../src/media.ts'
import * as site from '../src/site.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { handler } from '../src/web/server.ts'
import { article, at, decoded, drawing, get, headlines, NOW, publish } from './site.ts'
import { databases, openWorld } from './world.ts'

/** Headlines with what newsrooms really write: unbalanced quotes, a number first, a no-break space, two dots. */
const SIX = [
  ['الميناء: على السفن الانتظار "حتى تهدأ الريح', '2025-12-04T12:00:00Z', '04/12/2025'],
  ['412.5 مليون ليرة.. كلفة الجسر الجديد ترتفع', '2025-12-04T08:00:00Z', '04/12/2025'],
  ['مسؤول يحذّر: “الماء أغلى من الذهب', '2025-12-02T23:30:00Z', '03/12/2025'],
  ['سوق الخميس\u00a0في أنطاكيا٬ حكاية لا تنتهي', '2025-12-02T08:00:00Z', '02/12/2025'],
  ['نمو بنسبة 3.7 بالمئة في مايو/ أيار', '2025-12-01T10:00:00Z', '01/12/2025'],
  ["قطار «الشرق» & رفاقه <يصلون> إلى 'قارص'", '2025-12-01T09:00:00Z', '01/12/2025'],
] as const

describe.each(databases)('pages on %s', (kind) => {
  test('the front page has headline, excerpt and date of the latest stories, newest first, letter for letter', async () => {
    await using world = await openWorld(kind, NOW)
    const body = 'كلمة أولى ثم ثانية ثم ثالثة ثم رابعة ثم خامسة ثم سادسة ثم سابعة ثم ثامنة ثم تاسعة ثم عاشرة'
    await publish(world, ...SIX.toReversed().map(([title, at]) => ({ title, at, body_html: `<p>${body}</p>` })))
    const page = await get(world, '/')
    expect(page.status).toBe(200)
    const stories = [
      ...page.text.matchAll(
        /<h[23]><a href="[^"]*">(.*?)<\/a><\/h[23]>\s*<p class="excerpt">(.*?)<\/p>\s*<p class="date"><time[^>]*>(.*?)<\/time>/gs,
      ),
    ]
    expect(stories.map(([, title, , date]) => [decoded(title!), date])).toEqual(
      SIX.map(([title, , date]) => [title, date]),
    )
    expect(page.text).toContain('>الميناء: على السفن الانتظار "حتى تهدأ الريح</a>') // not even its quotes are written otherwise
    expect(stories[0]![2]).toBe(`${body.split(' ').slice(0, 15).join(' ')}…`)
  })

  test('a picture makes one of the newest five the lead, none of the older ones', async () => {
    await using world = await openWorld(kind, NOW)
    const image = { url: 'https://pictures.example/a.jpg' }
    await publish(world, ...[1, 2, 3, 4, 5].map((n) => ({ title: `خبر رقم ${n}`, at: at(n) })))
    await publish(world, { title: 'خبر قديم', at: at(6), image })
    expect(headlines((await get(world, '/')).text)[0]).toBe('خبر رقم 1')
    await publish(world, { title: 'خبر أحدث', at: at(2.5), image })
    expect(headlines((await get(world, '/')).text)[0]).toBe('خبر أحدث')
  })

  test('further pages go on where the one before ended, and none is empty', async () => {
    await using world = await openWorld(kind, NOW)
    await publish(world, ...Array.from({ length: 45 }, (_, n) => ({ title: `خبر رقم ${n}`, at: at(n) })))
    const seen = []
    for (const path of ['/', '/page/2', '/page/3']) seen.push(...headlines((await get(world, path)).text))
    expect(seen).toEqual(Array.from({ length: 45 }, (_, n) => `خبر رقم ${n}`))
    expect(await get(world, '/page/1')).toMatchObject({ status: 301, location: '/' })
    for (const path of ['/page/4', '/page/0', '/page/01', '/page/x', '/page/99999999999']) {
      expect((await get(world, path)).status, path).toBe(404)
    }
    expect((await get(world, '/c/all/page/3')).text).toContain('خبر رقم 44')
    expect((await get(world, '/c/all/page/4')).status).toBe(404)
  })

  test('an article has one address: any other slug leads there, whatever its spelling', async () => {
    await using world = await openWorld(kind, NOW)
    const [story] = await publish(world, { title: 'عودة «مسرح البحر» إلى إزمير' })
    const id = story!.public_id
    const right = `/a/${id}/${encodeURIComponent('عودة-مسرح-البحر-إلى-إزمير')}`
    for (const wrong of [
      '',
      '/',
      '/other',
      `/${encodeURIComponent('عودة-مسرح')}`,
      '/%D8%B9%D9',
      `/${encodeURIComponent(encodeURIComponent('عودة'))}`,
    ]) {
      expect(await get(world, `/a/${id}${wrong}`), wrong).toMatchObject({
        status: 301,
        location: wrong === '/' ? `/a/${id}` : right,
      })
    }
    expect(await get(world, `/r/${id}`)).toMatchObject({ status: 301, location: right })
    const page = await get(world, right)
    expect(page.status).toBe(200)
    expect(page.text).toContain(`<link rel="canonical" href="https://news.example${right}">`)
    expect((await get(world, '/')).text).toContain(`href="/a/${id}/عودة-مسرح-البحر-إلى-إزمير"`)
    for (const path of ['/a/nobody', '/a/nobody/slug', '/r/nobody', '/a'])
      expect((await get(world, path)).status, path).toBe(404)
  })

  test('an article shows its standfirst, byline, picture, source and six of the latest stories', async () => {
    await using world = await openWorld(kind, NOW)
    const picture = await media.keep(world, await drawing(1600, 900))
    await publish(world, ...Array.from({ length: 8 }, (_, n) => ({ title: `خبر رقم ${n}`, at: at(n + 1) })))
    const [story] = await publish(world, {
      title: 'عنوان الخبر',
      at: '2025-12-04T10:05:00Z',
      updated_at: Date.parse('2025-12-04T12:40:00Z') as Instant,
      summary: 'مقدمة قصيرة',
      authors: ['هالة', 'كرم'],
      credit: 'وكالة المضيق',
      section: 'اقتصاد',
      body_html: '<p>فقرة أولى</p><p>فقرة ثانية</p>',
      image: { id: picture.id, alt: 'سفينة', caption: 'سفينة عند الغروب', credit: 'ليان' },
    })
    await channels.add(world, 'test', { slug: 'economy', title: 'الاقتصاد', filter: { section: ['اقتصاد'] } })
    const { text } = await article(world, story!)
    expect(text.replace(/<[^>]+>/g, '')).toContain('هالة وكرم')
    for (const part of [
      'مقدمة قصيرة',
      '<a href="/author/هاله" rel="author">هالة</a>',
      '04/12/2025 13:05',
      'آخر تحديث: ',
      '04/12/2025 15:40',
      '<p>فقرة أولى</p>',
      'المصدر: وكالة المضيق',
      'سفينة عند الغروب',
      'alt="سفينة"',
    ]) {
      expect(text, part).toContain(part)
    }
    expect(text).toContain('<a href="/c/economy">اقتصاد</a>')
    expect(text).toMatch(
      /<img src="\/m\/[0-9a-f]{24}-640\.jpg" srcset="[^"]*1200w" sizes="[^"]*" width="640" height="360"/,
    )
    expect(headlines(text.split('أحدث الأخبار').at(-1)!)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `خبر رقم ${n}`))
    for (const [, file] of text.matchAll(/\/m\/([^ "]+)/g)) expect((await get(world, `/m/${file}`)).status).toBe(200)
  })

  test('a withdrawn story is gone with its reason, a story before its hour is not there', async () => {
    await using world = await openWorld(kind, NOW)
    const [story, future] = await publish(
      world,
      { title: 'خبر خاطئ' },
      { title: 'خبر الغد', at: '2025-12-05T06:00:00Z' },
    )
    await articles.withdraw(world.db, 'test', story!.guid, 'الأرقام <خاطئة>', instant(world.now()))
    const page = await get(world, `/a/${story!.public_id}/anything`)
    expect(page.status).toBe(410)
    expect(page.text).toContain('سُحب هذا الخبر')
    expect(decoded(page.text)).toContain('السبب: الأرقام <خاطئة>')
    expect(page.text).not.toContain('خبر خاطئ')
    expect((await get(world, '/')).text).not.toContain('خبر خاطئ')
    expect(await get(world, `/r/${story!.public_id}`)).toMatchObject({
      status: 301,
      location: `/a/${story!.public_id}`,
    })
    expect((await get(world, `/a/${future!.public_id}`)).status).toBe(404)
    world.clock.set('2025-12-05T06:00:01Z')
    expect((await get(world, `/a/${future!.public_id}`)).status).toBe(301)
    expect((await get(world, '/')).text).toContain('خبر الغد')
  })

  test('every text has its own direction', async () => {
    await using world = await openWorld(kind, NOW)
    const [arabic, english, german] = await publish(
      world,
      { title: 'خبر عربي', at: at(1) },
      { title: 'An English story', language: 'en', at: at(2) },
      { title: 'Eine deutsche Meldung', language: 'de', at: at(3) },
    )
    const front = (await get(world, '/')).text
    expect(front).toContain('<html lang="ar" dir="rtl">')
    expect(front).toMatch(/<section lang="en" dir="ltr">(?:(?!<\/section>).)*An English story/s)
    expect((await article(world, arabic!)).text).toMatch(
      /<html lang="ar" dir="rtl">.*<article class="story" lang="ar" dir="rtl">/s,
    )
    const page = (await article(world, english!)).text // its labels speak its language
    expect(page).toMatch(/<html lang="en" dir="ltr">.*<article class="story" lang="en" dir="ltr">/s)
    expect(page).toContain('Latest news')
    expect((await article(world, german!)).text).toMatch(
      /<html lang="ar" dir="rtl">.*<article class="story" lang="de" dir="ltr">/s,
    )
    await site.set(world, 'test', { language: 'tr' })
    expect((await get(world, '/')).text).toMatch(/<html lang="tr" dir="ltr">.*4 Aralık 2025 Perşembe/s)
  })

  test('nothing that a story, a channel or the paper is called becomes markup', async () => {
    await using world = await openWorld(kind, NOW)
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'&lt;`
    const [story] = await publish(world, {
      title: evil,
      summary: evil,
      section: evil,
      authors: [evil],
      tags: [evil],
      credit: evil,
      body_html: `<p onclick="x()">a<script>alert(3)</script><a href="javascript:alert(4)">b</a><img src="https://pictures.example/a.png" onerror="x()"></p>`,
      image: { url: 'https://pictures.example/"onload="x', alt: evil, caption: evil, credit: evil },
    })
    await channels.add(world, 'test', { slug: 'evil', title: evil, description: evil, filter: { section: [evil] } })
    await site.set(world, 'test', { name: evil, tagline: evil, postal_address: evil })
    for (const text of [
      (await get(world, '/')).text,
      (await article(world, story!)).text,
      (await get(world, '/c/evil')).text,
      (await get(world, '/feeds')).text,
    ]) {
      const data = /<script type="application\/ld\+json">([^<]*)<\/script>/.exec(text)
      if (data) expect(JSON.parse(data[1]!)['@graph'][0].headline).toBe(evil)
      const markup = text.replace(data?.[0] ?? '', '').replace(/="[^"]*"/g, '=""') // what stands in an attribute's quotes cannot leave them
      expect(markup).not.toMatch(/<script|<img src=x|<[^>]*\son[a-z]+=/i)
      expect(text).not.toContain('javascript:')
      expect(decoded(text)).toContain(evil)
    }
  })

  test('a page answers with the same bytes and tag until something changes, and never by the Host it was asked under', async () => {
    await using world = await openWorld(kind, NOW)
    await publish(world, { title: 'خبر' })
    const web = handler(world)
    const first = await web.request('/', { headers: { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' } })
    const tag = first.headers.get('ETag')!
    expect(first.headers.get('Cache-Control')).toBe('public, max-age=60')
    expect(await first.text()).not.toContain('evil.example')
    const again = await web.request('/', { headers: { 'If-None-Match': `"x", ${tag}` } })
    expect([again.status, await again.text(), again.headers.get('Cache-Control')]).toEqual([
      304,
      '',
      'public, max-age=60',
    ])
    expect(again.headers.get('Vary')).toBe('Accept-Encoding')
    await publish(world, { title: 'خبر آخر' })
    expect((await web.request('/', { headers: { 'If-None-Match': tag } })).status).toBe(200)
    const head = await web.request('/', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  test('no garbage in an address comes further than "not found"', async () => {
    await using world = await openWorld(kind, NOW)
    const anywhere = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => encodeURIComponent(text.toWellFormed()))
    const routes = fc.constantFrom(
      '/',
      '/a/',
      '/a/x/',
      '/c/',
      '/c/all/page/',
      '/page/',
      '/r/',
      '/m/',
      '/assets/',
      '/editions/',
      '/editions/x/',
      '/section/',
      '/tag/',
      '/author/',
      '/language/',
      '/category/',
      '/2025/12/',
      '/?p=',
      '/?feed=',
    )
    const tried = fc.asyncProperty(
      routes,
      fc.oneof(anywhere, fc.constantFrom('%00', '%', '%ED%A0%80', '..%2f..')),
      async (route, rest) => {
        expect((await get(world, route + rest)).status).toBeLessThan(500)
      },
    )
    await fc.assert(tried, {
      numRuns: 150,
      examples: [
        ['/a/', '%00'],
        ['/c/', '%00'],
        ['/r/', '%00'],
        ['/editions/x/', '%00'],
      ],
    })
  })

  test('what is kept of a page is forgotten when a story changes, and when its hour comes', async () => {
    await using world = await openWorld(kind, NOW)
    const web = handler(world)
    const front = async () => headlines(await (await web.request('/')).text())
    const [first] = await publish(world, { title: 'خبر أول', at: at(2) }, { title: 'خبر الساعة القادمة', at: at(-1) })
    expect([await front(), await front()]).toEqual([['خبر أول'], ['خبر أول']])
    await publish(world, { title: 'خبر ثانٍ' })
    expect(await front()).toEqual(['خبر ثانٍ', 'خبر أول'])
    await articles.withdraw(world.db, 'test', first!.guid, '', instant(world.now()))
    expect(await front()).toEqual(['خبر ثانٍ'])
    world.clock.advance({ hours: 1 })
    expect(await front()).toEqual(['خبر الساعة القادمة', 'خبر ثانٍ'])
  })

  test('an edition has its page, with withdrawn stories said to be withdrawn', async () => {
    await using world = await openWorld(kind, NOW)
    await channels.add(world, 'test', { slug: 'news', title: 'الأخبار', filter: {} })
    await subscribers.addList(world, 'test', { slug: 'daily', title: 'القائمة', language: 'ar', public: true })
    await subscribers.importCsv(world, 'test', Readable.from(['email\nreader@example.org\n']), { list: 'daily' })
    await digests.add(world, 'test', {
      slug: 'morning',
      title: 'نشرة الصباح',
      channel: 'news',
      list: 'daily',
      at: '08:00',
      max: 2,
    })
    const stories = await publish(world, ...[1, 2, 3].map((n) => ({ title: `خبر رقم ${n}`, at: at(n) })))
    expect((await digests.composeNow(world, 'test', 'morning')).state).toBe('composed')
    await articles.withdraw(world.db, 'test', stories[1]!.guid, 'رقم غير صحيح', instant(world.now()))
    const page = await get(world, '/editions/morning/2025-12-04')
    expect(headlines(page.text)).toEqual(['خبر رقم 1'])
    expect(page.text).toContain('خبر رقم 3')
    expect(page.text).toContain('السبب: رقم غير صحيح')
    expect(page.text).not.toMatch(/unsubscribe|reader@/)
    const { text } = await get(world, '/editions')
    expect(text).toContain('href="/editions/morning/2025-12-04"')
    expect(text).toContain('<p class="excerpt">خبر رقم 1</p>') // the day's heading has its date
    for (const path of [
      '/editions/morning/2025-12-05',
      '/editions/evening/2025-12-04',
      '/editions/morning/2025-99-99',
    ]) {
      expect((await get(world, path)).status, path).toBe(404)
    }
  })
})
