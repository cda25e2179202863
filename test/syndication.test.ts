import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Instant } from '../db/instant.ts'
import type { Story } from '../src/articles/index.ts'
import { build, type Format, formats } from '../src/syndication/index.ts'
import { oneLine } from '../src/text.ts'
import { at, HOSTILE, input, PICTURE, story } from './feed-input.ts'
import { JsonFeed } from './feed-rules.ts'
import { childrenOf, type Element, parseXml, textOf } from './xml.ts'

test('the same input gives the same bytes, whatever the hour', () => {
  const given = input([story(3), story(2), story(1, HOSTILE)])
  for (const format of formats) {
    const [one, two] = [build(given, format), build(structuredClone(given), format)]
    expect(one.body.equals(two.body)).toBe(true)
  }
})

test('a document changed when its channel, its site or its newest article did', () => {
  expect(build(input([story(1)]), 'rss').changedAt).toBe(at('2026-11-22T10:00:00Z'))
  const late = story(1, { published_at: at('2026-11-23T05:00:00Z') })
  const due = at('2026-11-24T05:00:00Z')
  expect(build(input([late], { nextDue: due }), 'atom')).toMatchObject({
    changedAt: late.published_at,
    freshUntil: due,
  })
  expect(build(input([]), 'rss')).toMatchObject({
    changedAt: at('2026-11-22T10:00:00Z'),
    freshUntil: null,
    leftOut: [],
  })
  expect(textOf(rss(input([story(1)])), 'lastBuildDate')).toBe('Sun, 22 Nov 2026 10:00:00 GMT')
  expect(textOf(atom(input([])), 'updated')).toBe('2026-11-22T10:00:00.000Z')
})

test('an article has the same id, dates, names and words in all three', () => {
  const one = story(1, {
    title: 'قطار «الشرق» & رفاقه <يصلون>',
    section: 'اقتصاد',
    tags: ['قطارات', 'R&D'],
    authors: ['ليلى', 'عمر'],
    credit: 'الأناضول',
    picture: PICTURE,
    image_caption: 'في المحطة',
    image_credit: 'سامي',
    updated_at: at('2026-11-21T09:30:00Z'),
  })
  const item = childrenOf(rss(input([one])), 'item')[0]!
  const entry = childrenOf(atom(input([one])), 'entry')[0]!
  const json = JSON.parse(build(input([one]), 'json').body.toString()).items[0]
  const link = `https://news.example/a/p1/${encodeURIComponent('قطار-الشرق-رفاقه-يصلون')}`
  expect([textOf(item, 'title'), textOf(entry, 'title'), json.title]).toEqual([one.title, one.title, one.title])
  expect([textOf(item, 'guid'), textOf(entry, 'id'), json.id]).toEqual([one.entry_id, one.entry_id, one.entry_id])
  expect(childrenOf(item, 'guid')[0]!.attributes).toEqual({ isPermaLink: 'false' })
  expect([textOf(item, 'link'), childrenOf(entry, 'link')[0]!.attributes['href'], json.url]).toEqual([link, link, link])
  expect([textOf(item, 'pubDate'), textOf(entry, 'published'), json.date_published]).toEqual([
    'Fri, 20 Nov 2026 08:01:00 GMT',
    '2026-11-20T08:01:00.000Z',
    '2026-11-20T08:01:00.000Z',
  ])
  expect([textOf(entry, 'updated'), json.date_modified]).toEqual([
    '2026-11-21T09:30:00.000Z',
    '2026-11-21T09:30:00.000Z',
  ])
  expect(childrenOf(item, 'dc:creator').map((creator) => creator.text)).toEqual(['ليلى', 'عمر'])
  expect(childrenOf(item, 'author')).toEqual([])
  expect(childrenOf(entry, 'author').map((author) => textOf(author, 'name'))).toEqual(['ليلى', 'عمر'])
  expect(json.authors).toEqual([{ name: 'ليلى' }, { name: 'عمر' }])
  expect(childrenOf(item, 'category').map((category) => category.text)).toEqual(['اقتصاد', 'قطارات', 'R&D'])
  expect(childrenOf(entry, 'category').map((category) => category.attributes['term'])).toEqual(json.tags)
  expect(textOf(item, 'dc:source')).toBe('الأناضول')
  expect(textOf(entry, 'dc:source')).toBe('الأناضول')
  const html = `<div dir="rtl" lang="ar"><figure><img src="https://news.example/m/c0ffee-1200.jpg" width="1200" height="800" alt=""><figcaption>في المحطة · الصورة: سامي</figcaption></figure>
<p>نص الخبر 1</p>
<p>المصدر: الأناضول</p></div>`
  expect([textOf(item, 'content:encoded'), textOf(entry, 'content'), json.content_html]).toEqual([html, html, html])
})

test('a picture of ours comes with its true length, size and type, a strange one without what nobody knows', () => {
  const given = input([
    story(1, { picture: PICTURE, image_alt: 'سفينة' }),
    story(2, { image_url: 'https://img.example/b.jpg?a=1&b=2' }),
    story(3, { image_url: '/relative.jpg' }),
  ])
  const [ours, strange, none] = childrenOf(rss(given), 'item') as [Element, Element, Element]
  const file = 'https://news.example/m/c0ffee-1200.jpg'
  expect(childrenOf(ours, 'enclosure')[0]!.attributes).toEqual({ url: file, length: '81234', type: 'image/jpeg' })
  expect(childrenOf(ours, 'media:content')[0]!.attributes).toEqual({
    url: file,
    medium: 'image',
    type: 'image/jpeg',
    fileSize: '81234',
    width: '1200',
    height: '800',
  })
  expect(childrenOf(ours, 'media:thumbnail')[0]!.attributes).toEqual({
    url: 'https://news.example/m/c0ffee-320.jpg',
    width: '320',
    height: '213',
  })
  expect(childrenOf(strange, 'media:content')[0]!.attributes).toEqual({
    url: 'https://img.example/b.jpg?a=1&b=2',
    medium: 'image',
  })
  expect([
    ...childrenOf(strange, 'enclosure'),
    ...childrenOf(none, 'media:content'),
    ...childrenOf(none, 'enclosure'),
  ]).toEqual([])
  const enclosures = childrenOf(atom(given), 'entry').map((entry) =>
    childrenOf(entry, 'link').filter((link) => link.attributes['rel'] === 'enclosure'),
  )
  expect(enclosures.map((links) => links.map((link) => link.attributes))).toEqual([
    [{ rel: 'enclosure', type: 'image/jpeg', length: '81234', href: file }],
    [],
    [],
  ])
  const { items } = JSON.parse(build(given, 'json').body.toString())
  expect(items.map((item: { image?: string }) => item.image)).toEqual([
    file,
    'https://img.example/b.jpg?a=1&b=2',
    undefined,
  ])
  expect(items[0].attachments).toEqual([{ url: file, mime_type: 'image/jpeg', size_in_bytes: 81234 }])
  expect(items[1].attachments).toBeUndefined()
})

test('language and direction stand at the root, at each entry and around its HTML', () => {
  const given = input([story(1), story(2, { language: 'tr', body_html: '<p>Metin</p>', title: 'Haber' })], {
    channel: { slug: 'tr', title: 'Türkçe', language: 'en' },
  })
  expect(textOf(rss(given), 'language')).toBe('en')
  expect(atom(given).attributes['xml:lang']).toBe('en')
  expect(childrenOf(atom(given), 'entry').map((entry) => entry.attributes['xml:lang'])).toEqual(['ar', 'tr'])
  const feed = JSON.parse(build(given, 'json').body.toString())
  expect([feed.language, ...feed.items.map((item: { language: string }) => item.language)]).toEqual(['en', 'ar', 'tr'])
  expect(
    childrenOf(rss(given), 'item').map((item) => /^<div [^>]*>/.exec(textOf(item, 'content:encoded')!)?.[0]),
  ).toEqual(['<div dir="rtl" lang="ar">', '<div dir="ltr" lang="tr">'])
})

test('a channel that gives summaries gives the excerpt and no full text', () => {
  const given = input([story(1, { credit: 'الأناضول' })], { channel: { text: 'summary' } })
  const excerpt = '<p dir="rtl" lang="ar">نص الخبر 1…</p>'
  const [item, entry] = [childrenOf(rss(given), 'item')[0]!, childrenOf(atom(given), 'entry')[0]!]
  expect([textOf(item, 'description'), textOf(item, 'content:encoded')]).toEqual([excerpt, undefined])
  expect([textOf(entry, 'summary'), textOf(entry, 'content')]).toEqual([excerpt, undefined])
  const json = JSON.parse(build(given, 'json').body.toString()).items[0]
  expect([json.content_html, json.summary]).toEqual([excerpt, undefined])
})

test('the channel of all news is called as the paper, any other one as its editors say', () => {
  const paper = { name: 'A & <B>', tagline: 'كل "الأخبار"' }
  expect(textOf(rss(input([], { site: paper })), 'title')).toBe('A & <B>')
  expect(textOf(atom(input([], { site: paper })), 'subtitle')).toBe('كل "الأخبار"')
  const channel = { slug: 'sea', title: 'البحر', description: 'كل ما يطفو' }
  expect(
    textOf(rss(input([], { site: { tagline: '' }, channel: { slug: 'sea', title: 'البحر' } })), 'description'),
  ).toBe('البحر')
  const sea = rss(input([], { site: paper, channel }))
  expect([textOf(sea, 'title'), textOf(sea, 'description'), textOf(sea, 'link')]).toEqual([
    'البحر',
    'كل ما يطفو',
    'https://news.example/c/sea',
  ])
})

test('the documents of a channel name themselves and one another', () => {
  const channel = { slug: 'sea', title: 'البحر' }
  const ofRss = childrenOf(rss(input([], { channel })), 'atom:link').map(
    (link) => `${link.attributes['rel']} ${link.attributes['href']}`,
  )
  expect(ofRss.sort()).toEqual([
    'alternate https://news.example/feeds/sea.atom',
    'alternate https://news.example/feeds/sea.json',
    'self https://news.example/feeds/sea.rss',
  ])
  const ofAtom = childrenOf(atom(input([], { channel })), 'link').map(
    (link) => `${link.attributes['rel']} ${link.attributes['href']}`,
  )
  expect(ofAtom.sort()).toEqual([
    'alternate https://news.example/c/sea',
    'alternate https://news.example/feeds/sea.json',
    'alternate https://news.example/feeds/sea.rss',
    'self https://news.example/feeds/sea.atom',
  ])
  expect(JSON.parse(build(input([], { channel }), 'json').body.toString())).toMatchObject({
    feed_url: 'https://news.example/feeds/sea.json',
    home_page_url: 'https://news.example/c/sea',
  })
})

test('the logo is the picture of the channel', () => {
  const given = input([], { logo: PICTURE })
  const logo = 'https://news.example/m/c0ffee-320.jpg'
  expect(textOf(childrenOf(rss(given), 'image')[0]!, 'url')).toBe(logo)
  expect(textOf(atom(given), 'logo')).toBe(logo)
  expect(JSON.parse(build(given, 'json').body.toString()).icon).toBe(logo)
})

test('channel elements stand before the first item, with every namespace on the root', () => {
  const whole = parseXml(build(input([story(1, HOSTILE)]), 'rss').body.toString())
  expect(Object.keys(whole.attributes).sort()).toEqual([
    'version',
    'xmlns:atom',
    'xmlns:content',
    'xmlns:dc',
    'xmlns:fh',
    'xmlns:media',
  ])
  expect(whole.children[0]!.attributes).toEqual({})
  expect(whole.children[0]!.children.at(-1)!.name).toBe('item')
  expect(whole.children[0]!.children.filter((child) => child.name === 'item')).toHaveLength(1)
})

test('the id of the old site stays byte for byte', () => {
  for (const entry_id of [
    'https://Old.Example?p=123&x=%2f',
    'http://old.example/أخبار/5',
    'tag:old.example,2020:A&B',
    'urn:ISBN:1',
  ]) {
    const given = input([story(1, { entry_id })])
    expect(textOf(childrenOf(rss(given), 'item')[0]!, 'guid')).toBe(entry_id)
    expect(textOf(childrenOf(atom(given), 'entry')[0]!, 'id')).toBe(entry_id)
    expect(JSON.parse(build(given, 'json').body.toString()).items[0].id).toBe(entry_id)
  }
})

test('an article that no reader could take is left out and named, the others stay as they are', () => {
  const bad: [Partial<Story>, RegExp][] = [
    [{ entry_id: '12345' }, /id/],
    [{ entry_id: '' }, /id/],
    [{ entry_id: 'javascript:alert(1)' }, /id/],
    [{ entry_id: 'tag:x,2020:a b' }, /id/],
    [{ published_at: Number.NaN as Instant }, /published_at/],
    [{ published_at: 9e15 as Instant }, /published_at/],
    [{ updated_at: Number.POSITIVE_INFINITY as Instant }, /updated_at/],
    [{ title: ' \u0000\u0007 ' }, /title/],
    [{ language: 'no language' }, /./],
  ]
  for (const format of formats) {
    const alone = build(input([story(1), story(2)]), format)
    for (const [given, reason] of bad) {
      const document = build(input([story(1), story(9, given), story(2)]), format)
      expect(document.leftOut).toEqual([{ id: 'p9', reason: expect.stringMatching(reason) }])
      expect(document.body.toString()).toBe(alone.body.toString())
    }
  }
})

test('a hostile article changes nothing for the others, and is shown as harmless text itself', () => {
  const given = input([story(1), story(9, HOSTILE), story(2)])
  const items = childrenOf(rss(given), 'item')
  expect(items.map((item) => textOf(item, 'title'))).toEqual(['خبر رقم 1', oneLine(HOSTILE.title!), 'خبر رقم 2'])
  const entries = childrenOf(atom(given), 'entry')
  expect(entries.map((entry) => textOf(entry, 'title'))).toEqual(['خبر رقم 1', oneLine(HOSTILE.title!), 'خبر رقم 2'])
  const json = JSON.parse(build(given, 'json').body.toString())
  expect(json.items).toHaveLength(3)
  for (const html of [
    textOf(items[1]!, 'content:encoded')!,
    textOf(entries[1]!, 'content')!,
    json.items[1].content_html,
  ]) {
    expect(html).not.toMatch(/<script|javascript:|onerror|relative\.png|<item|<svg/)
    expect(html).toContain(']]&gt; y ]]&gt;')
  }
  expect(childrenOf(items[1]!, 'dc:creator').map((creator) => creator.text)).toEqual(['Ann <ann@x.example> ]]> & "co"'])
  expect(childrenOf(items[1]!, 'category').map((category) => category.text)).toEqual([
    '</category>',
    'a&b "c" <d>',
    ']]>',
    '$& $1',
  ])
})

const piece = fc.oneof(
  fc.constantFrom(
    ']]>',
    '<![CDATA[',
    '</item><item>',
    '</entry>',
    '<rights>',
    '<copyright>x</copyright>',
    '<slot>',
    '<title type="html">',
    '&amp;',
    '&',
    '<',
    '"',
    "'",
    '$&',
    '$1',
    '$`',
    '\u0000',
    '\ud800',
    '\udfff',
    '\ufffe',
    '\u202e',
    'urn:0:1.',
    '<?x?>',
    '<!--',
    '-->',
    '<script>',
    '<a href="javascript:x">',
    '<img src=//x>',
    '\u2028',
    '😀',
    '\r\n',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
)
const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
const hostile = fc.record({
  title: text, body_html: text, excerpt: text, section: fc.option(text), credit: fc.option(text), authors: fc.array(text, { maxLength: 3 }), tags: fc.array(text, { maxLength: 3 }),
  image_url: fc.option(text.map((end) => `https://img.example/${end}`)), image_alt: fc.option(text), image_caption: fc.option(text), image_credit: fc.option(text),
  entry_id: fc.oneof(fc.constant('urn:uuid:x'), text.map((end) => `tag:x.example,2026:${end}`), text), withdrawn_reason: fc.option(text),
}) // biome-ignore format: one article

test('whatever an article holds, its feed is well-formed and the others stand in it unchanged', () => {
  const [first, last] = [story(1), story(2)]
  const alone = {
    rss: childrenOf(rss(input([first, last])), 'item'),
    atom: childrenOf(atom(input([first, last])), 'entry'),
  }
  fc.assert(
    fc.property(hostile, (given) => {
      const all = input([first, story(9, given), last], {
        deleted: [{ ...story(8, given), withdrawn_at: at('2026-11-20T10:00:00Z') }],
        site: { name: given.title, tagline: given.excerpt },
      })
      const documents = [childrenOf(rss(all), 'item'), childrenOf(atom(all), 'entry')]
      for (const [index, entries] of documents.entries()) {
        const { leftOut } = build(all, 'rss')
        expect(entries).toHaveLength(leftOut.some((one) => one.id === 'p9') ? 2 : 3)
        expect([entries[0], entries.at(-1)]).toEqual(index === 0 ? alone.rss : alone.atom)
        if (entries.length === 3) expect(textOf(entries[1]!, 'title')).toBe(oneLine(given.title))
      }
      JsonFeed.parse(JSON.parse(build(all, 'json').body.toString()))
    }),
    { numRuns: 400 },
  )
})

test('a withdrawn article is named in Atom for thirty days after it went, if readers can have seen it', () => {
  const withdrawn = (n: number, withdrawn_at: string, more: Partial<Story> = {}) =>
    story(n, {
      published_at: at('2026-10-01T00:00:00Z'),
      withdrawn_at: at(withdrawn_at),
      withdrawn_reason: 'خطأ & <سهو>',
      ...more,
    })
  const deleted = [
    withdrawn(1, '2026-11-21T08:00:00Z'),
    withdrawn(2, '2026-11-22T08:00:00Z', { withdrawn_reason: null }),
    withdrawn(3, '2026-10-22T08:00:00Z'), // more than thirty days before the last change
    withdrawn(4, '2026-11-22T09:00:00Z', { published_at: at('2026-11-25T00:00:00Z') }), // its hour had not come
    withdrawn(5, '2026-11-22T09:00:00Z', { entry_id: '5' }),
  ]
  const document = build(input([story(9)], { deleted }), 'atom')
  const found = childrenOf(parseXml(document.body.toString()), 'at:deleted-entry')
  expect(found.map((one) => [one.attributes['ref'], one.attributes['when'], textOf(one, 'at:comment')])).toEqual([
    [story(2).entry_id, '2026-11-22T08:00:00.000Z', undefined],
    [story(1).entry_id, '2026-11-21T08:00:00.000Z', 'خطأ & <سهو>'],
  ])
  expect(document.leftOut.map((one) => one.id)).toEqual(['p5'])
})

test('a document of very long articles stays of a size that readers can fetch', () => {
  const body_html = `<p>${'كلمة '.repeat(100_000)}</p>`
  const given = input(Array.from({ length: 6 }, (_, n) => story(n, { body_html })))
  const document = build(given, 'rss')
  const items = childrenOf(parseXml(document.body.toString()).children[0]!, 'item')
  expect(items.map((item) => textOf(item, 'content:encoded') !== undefined)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
  expect(items.map((item) => textOf(item, 'description') !== undefined)).toEqual(Array(6).fill(true))
})

test('the JSON document is a JSON Feed 1.1 and nothing beyond', () => {
  const full = story(3, { picture: PICTURE, authors: ['ليلى'], tags: ['بحر'], section: 'اقتصاد', credit: 'x' })
  const documents = [
    input([full, story(2), story(1, HOSTILE)], { logo: PICTURE }),
    input([]),
    input([story(1, { body_html: '', excerpt: '' })]),
  ]
  for (const given of documents) JsonFeed.parse(JSON.parse(build(given, 'json').body.toString()))
})

function read(given: Parameters<typeof build>[0], format: Format): Element {
  return parseXml(build(given, format).body.toString())
}

function rss(given: Parameters<typeof build>[0]): Element {
  return read(given, 'rss').children[0]!
}

function atom(given: Parameters<typeof build>[0]): Element {
  return read(given, 'atom')
}
