import { afterAll, describe, expect, test } from 'vitest'
import * as reading from '../src/reading/index.ts'
import { origin } from './origin.ts'

afterAll(reading.close)

const NAMESPACES = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"' // biome-ignore format: one list
const rss = (items: string, head = '') =>
  `<rss version="2.0" ${NAMESPACES}><channel><title>t</title>${head}${items}</channel></rss>`
const atom = (entries: string, root = '') =>
  `<feed xmlns="http://www.w3.org/2005/Atom" ${root}><title>t</title>${entries}</feed>`
const read = (text: string, more = {}) => reading.read(Buffer.from(text), origin(more))
const only = async (text: string, more = {}) => (await read(text, more)).items[0]!
const title = async (written: string) => (await only(rss(`<item>${written}</item>`))).title
const body = async (html: string) =>
  (await only(rss(`<item><title>t</title><description><![CDATA[${html}]]></description></item>`))).html
const reason = async (text: string | Buffer) =>
  reading.read(Buffer.from(text), origin()).then(
    () => 'it was read',
    (problem) => `${problem.code}: ${problem.values.reason}`,
  )

describe('formats', () => {
  test('RSS 0.91 with its document type', async () => {
    const text = `<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>قناة</title><link>https://x.example/</link><item><title>أول</title><link>https://x.example/1</link></item></channel></rss>`
    expect(await read(text)).toMatchObject({
      kind: 'rss',
      title: 'قناة',
      home: 'https://x.example/',
      items: [{ title: 'أول', guid: 'https://x.example/1' }],
    })
  })

  test('RSS 1.0 with its items beside the channel, and inside it', async () => {
    const item =
      '<item rdf:about="https://x.example/1"><title>أول</title><link>https://x.example/1</link><dc:date>2025-12-04T14:30:00+03:00</dc:date><dc:creator>سلمى</dc:creator></item>'
    const root =
      'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    const channel = '<title>قناة</title><items><rdf:Seq><rdf:li rdf:resource="https://x.example/1"/></rdf:Seq></items>'
    const wanted = {
      kind: 'rdf',
      title: 'قناة',
      items: [
        {
          title: 'أول',
          link: 'https://x.example/1',
          authors: ['سلمى'],
          published_at: Date.parse('2025-12-04T11:30:00Z'),
        },
      ],
    }
    expect(
      await read(`<rdf:RDF ${root}><channel>${channel}</channel><image><title>no</title></image>${item}</rdf:RDF>`),
    ).toMatchObject(wanted)
    expect(await read(`<rdf:RDF ${root}><channel>${channel}${item}</channel></rdf:RDF>`)).toMatchObject(wanted)
  })

  test('the author of a whole Atom feed is that of its entries, where none of them names its own', async () => {
    const entry = '<entry><id>urn:1</id><title>t</title><updated>2025-12-04T00:00:00Z</updated></entry>'
    const { items } = await read(atom(`<author><name>هالة القباني</name></author>${entry}`))
    expect(items[0]!.authors).toEqual(['هالة القباني'])
  })

  test('Atom 1.0: three kinds of titles, XHTML, bases, deleted entries, the next page', async () => {
    const document = await read(
      atom(
        `<link href="."/><link rel="next" href="?p=2"/><author><name>الديسك</name></author>
        <entry xml:base="a/"><id>urn:1</id><title>AT&amp;amp;T &lt;b&gt;</title><link rel="enclosure" type="audio/mpeg" href="x.mp3"/><link rel="alternate" href="1"/><published>2025-12-04T14:30:00+03:00</published><updated>2025-12-05T00:00:00Z</updated><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>A <a href="q">l</a> &lt; <b>z</b><br/>w</p></div></content><category term="t" label="وسم"/></entry>
        <entry><id>urn:2</id><title type="html">AT&amp;amp;T &lt;b&gt;x&lt;/b&gt;</title><updated>2025-12-04</updated><author><name>Ali</name><email>a@b.example</email></author><summary>a &lt; b</summary></entry>
        <entry><id>urn:3</id><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Ba<i>ş</i>lık</div></title><source><title>no</title><id>no</id></source><content type="html">&lt;p&gt;x&lt;/p&gt;</content></entry>
        <at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="urn:9" when="2025-01-01T00:00:00Z"/>`,
        'xml:base="https://b.example/x/" xml:lang="ar"',
      ),
    )
    expect(document).toMatchObject({
      kind: 'atom',
      home: 'https://b.example/x/',
      next: 'https://b.example/x/?p=2',
      deleted: ['urn:9'],
    })
    const [first, second, third] = document.items
    expect(first).toMatchObject({
      guid: 'urn:1',
      title: 'AT&amp;T <b>',
      link: 'https://b.example/x/a/1',
      authors: [], // where one entry names its writer, the head names the paper
      tags: ['وسم'],
    })
    expect(first!.html).toBe('<div><p>A <a href="https://b.example/x/a/q">l</a> &lt; <b>z</b><br />w</p></div>')
    expect([first!.published_at, first!.updated_at]).toEqual([
      Date.parse('2025-12-04T11:30:00Z'),
      Date.parse('2025-12-05T00:00:00Z'),
    ])
    expect(second).toMatchObject({ title: 'AT&T x', html: '<p>a &lt; b</p>', authors: ['Ali'] })
    expect(third).toMatchObject({ guid: 'urn:3', title: 'Başlık', html: '<p>x</p>' })
  })

  test('Atom 0.3', async () => {
    const text =
      '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>t</title><entry><title mode="escaped" type="text/html">a &lt;b&gt;b&lt;/b&gt;</title><id>1</id><issued>2025-12-04T10:00:00Z</issued><modified>2025-12-05T10:00:00Z</modified><content type="text/html" mode="escaped">&lt;p&gt;x&lt;/p&gt;</content></entry></feed>'
    expect(await only(text)).toMatchObject({
      title: 'a b',
      html: '<p>x</p>',
      published_at: Date.parse('2025-12-04T10:00:00Z'),
    })
  })

  test.each(['1', '1.1'])('JSON Feed %s', async (version) => {
    const feed = {
      version: `https://jsonfeed.org/version/${version}`, title: 'قناة', language: 'ar', home_page_url: '/', next_url: '?p=2',
      items: [
        { id: 7, url: '/7', title: 'سابع', content_html: '<p>نص<script>x</script></p>', summary: 'ملخص', image: '/i.jpg', date_published: '2025-12-04T14:30:00+03:00', tags: ['وسم'], authors: [{ name: 'سلمى' }], language: 'tr' },
        { id: 'b', content_text: 'a < b', author: { name: 'Ali' } }, null, 5, JSON.parse('{ "__proto__": { "id": 9, "title": "x" }, "constructor": 1 }') as null,
      ],
    } // biome-ignore format: a document
    const document = await read(`\ufeff${JSON.stringify(feed)}`)
    expect(document).toMatchObject({
      kind: 'json',
      title: 'قناة',
      home: 'https://paper.example/',
      next: 'https://paper.example/feed/?p=2',
    })
    expect(document.items).toEqual([
      {
        guid: '7',
        link: 'https://paper.example/7',
        title: 'سابع',
        html: '<p>نص</p>',
        summary: 'ملخص',
        published_at: Date.parse('2025-12-04T11:30:00Z'),
        authors: ['سلمى'],
        tags: ['وسم'],
        image: { url: 'https://paper.example/i.jpg' },
        language: 'tr',
      },
      { guid: 'b', title: 'a < b', html: '<p>a &lt; b</p>', authors: ['Ali'], tags: [] },
    ])
    expect(document.notes.dropped).toEqual([{ reason: 'an entry with neither title nor text', n: 3 }])
  })

  test('roots with prefixes, a root without version, attributes without quotes', async () => {
    expect(
      await only(
        '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:id>1</a:id><a:title>x</a:title><a:link href=/1 /></a:entry></a:feed>',
      ),
    ).toMatchObject({ guid: '1', title: 'x', link: 'https://paper.example/1' })
    expect(
      await only(
        '<rss:rss xmlns:rss="http://backend.userland.com/rss2"><rss:channel><rss:item><rss:title>x</rss:title></rss:item></rss:channel></rss:rss>',
      ),
    ).toMatchObject({ title: 'x' })
    expect(
      await only('<rss><channel><Item><TITLE>x</TITLE><pubdate>2025-12-04</pubdate></Item></channel></rss>'),
    ).toMatchObject({ title: 'x', published_at: Date.parse('2025-12-03T21:00:00Z') })
  })

  test('how long it asks to be left alone', async () => {
    expect((await read(rss('', '<ttl>60</ttl>'))).ttl).toBe(3_600_000)
    expect(
      (await read(rss('', '<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>'))).ttl,
    ).toBe(43_200_000)
    expect((await read(rss('', '<ttl>-5</ttl>'))).ttl).toBeUndefined()
  })
})

describe('what is not well-formed', () => {
  test('junk before and behind, bare ampersands, HTML entities, forbidden characters', async () => {
    const document = await read(
      `<br />\n<b>Warning</b>: x in <b>y.php</b>\n${rss('<item><title>A & B&nbsp;&rsquo;&#146;&#0;\u0001&#xD800;&unknown; C</title><link>https://x.example/?a=1&b=2</link></item>')}\n<script>x</script>`,
    )
    expect(document.items[0]).toMatchObject({ title: 'A & B\u00a0’’&unknown; C', link: 'https://x.example/?a=1&b=2' })
    expect(document.notes.mended).toEqual([
      'there was something before its beginning',
      'ampersands that stood bare',
      'there was more behind its end',
    ])
  })

  test('HTML that stands in an entry as it is', async () => {
    const item = await only(
      rss(
        '<item><title>a <b>b</b></title><description><p>x & y</p><br/><img src="/a.jpg"></description><link>/1</link></item>',
      ),
    )
    expect(item).toMatchObject({
      title: 'a b',
      link: 'https://paper.example/1',
      html: '<p>x &amp; y</p><br />',
      image: { url: 'https://paper.example/a.jpg' },
    })
  })

  test('what is left open in the head does not reach into the entries', async () => {
    const document = await read(
      atom('<author><name>x</name><entry><title>a</title></entry></author><entry><title>b</title></entry>'),
    )
    expect(document.items.map((item) => item.title)).toEqual(['a', 'b'])
    expect(document.notes.dropped).toEqual([])
  })

  test('a broken entry costs itself only', async () => {
    const document = await read(
      rss(
        '<item><title>a</title><description><p>one</item><item><title>b</title><link>/b<guid>b</guid><item><title>c</title></item>',
      ),
    )
    expect(document.items.map(({ title, guid }) => [title, guid.slice(0, 6)])).toEqual([
      ['a', 'sha256'],
      ['b', 'b'],
      ['c', 'sha256'],
    ])
  })

  test('a numeric reference to what is no letter leaves nothing of itself, however long', async () => {
    for (const digits of ['#xFFFFFFFFFF', '#xFFFFFFFF', '#x110000', '#9999999999', `#x${'F'.repeat(5000)}`, `#${'9'.repeat(5000)}`]) // biome-ignore format: one table
      for (const end of [';', ' '])
        expect((await title(`<title>A&${digits}${end}B</title>`)).replace(' ', '')).toBe('AB')
    expect(await title('<title>A &#x0000000000000041; &#00000000000000066;</title>')).toBe('A A B')
  })

  test('of a document that is cut off the whole entries are taken', async () => {
    const whole = rss('<item><title>a</title></item><item><title>b</title></item><item><title>c</title></item>')
    const document = await read(whole.slice(0, whole.indexOf('c</title>')))
    expect(document.items.map((item) => item.title)).toEqual(['a', 'b'])
    expect(document.notes.dropped).toEqual([{ reason: 'an entry that is cut off', n: 1 }])
    expect(await reason(whole.slice(0, whole.indexOf('a</title>')))).toMatch(
      /cut off before the end of its first entry/,
    )
  })

  const ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>'
  const RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel><title>t</title></channel>'
  const RSS = '<rss version="2.0"><channel><title>t</title>'

  test.each([
    ['after its root', '<rss version="2.0">'],
    ['in its title', '<rss version="2.0"><channel><title>t'],
    ['after its title', RSS],
    ['after 3 MB of <', `<rss version="2.0"><channel>${'<'.repeat(3_000_000)}`],
    ['after 9 MB of blanks', RSS + ' '.repeat(9_000_000)],
    ['in the tag of its first entry', `${RSS}${' '.repeat(9_000_000)}<item`],
    ['in its first entry', `${RSS}${' '.repeat(9_000_000)}<item><title>a`],
    ['in a comment', `${RSS}<!-- <item><title>a</title></item></channel></rss>`],
    ['in Atom', ATOM],
    ['in RSS 1.0 behind its channel', RDF],
  ])('a document that is cut off %s is no empty feed', async (_, xml) => {
    expect(await reason(xml)).toMatch(/cut off before the end of its first entry/)
  })

  test.each([
    ['RSS', `${RSS}</channel></rss>`],
    ['RSS of which only the root is open', `${RSS}</channel>`],
    ['RSS without a channel', '<rss version="2.0"></rss>'],
    ['RSS of one tag', '<rss version="2.0"/>'],
    ['Atom', `${ATOM}</feed>`],
    ['RSS 1.0', `${RDF}</rdf:RDF>`],
  ])('an empty feed that is closed is an empty feed: %s', async (_, xml) => {
    expect((await read(xml)).items).toEqual([])
  })

  test.each([
    [
      '<!DOCTYPE html><html><head><title>الصفحة &amp; الأولى</title>',
      'it is a web page («الصفحة & الأولى»), not a feed',
    ],
    ['<html><body><rss version="2.0">', 'it is a web page, not a feed'],
    ['', 'it is empty'],
    [' \n ', 'it is empty'],
    ['{"error":"not found"}', 'it is JSON, but no JSON Feed: «not found»'],
    ['{"version":', 'it looks like JSON and is not well-formed'],
    ['[1,2]', 'it is JSON, but no JSON Feed'],
    ['<urlset><url/></urlset>', 'it begins with <urlset>, which no feed does'],
    ['Service unavailable', 'it is plain text, not a feed'],
    ['%PDF-1.7 x', 'it is a PDF, not a feed'],
  ])('%j is refused in words', async (text, words) => {
    expect(await reason(text)).toBe(`feed-unreadable: ${words}`)
  })

  test('pictures and compressed bytes are refused in words', async () => {
    expect(await reason(Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]))).toMatch(/it is a picture/)
    expect(await reason(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xfe]))).toMatch(/compressed once more/)
  })
})

describe('entries', () => {
  test.each([
    ['<title>5 &lt; 6 &amp;amp; 7</title>', '5 < 6 & 7'],
    ['<title><![CDATA[5 < 6 &amp; 7]]></title>', '5 < 6 & 7'],
    ['<title>&lt;b&gt;a&lt;/b&gt; &amp;lt;i&amp;gt;</title>', 'a <i>'],
    ['<title>\n  a\n  b  </title>', 'a b'],
    ['<title>a&lt;script&gt;x()&lt;/script&gt;</title>', 'a'],
    ['<title>\u202eabc\u202c</title>', 'abc'],
    ['<title/><description>&lt;p&gt;واحد اثنان&lt;/p&gt;</description>', 'واحد اثنان'],
    ['<media:title>no</media:title><title>yes</title>', 'yes'],
    ['<image><title>no</title></image><title>yes</title>', 'yes'],
  ])('%s is the title %j', async (written, shown) => {
    expect(await title(written)).toBe(shown)
  })

  test('guids are kept byte for byte; permalinks are links; other links follow', async () => {
    const cases: [string, string, string | undefined][] = [
      ['<guid>https://X.example/?p=1 </guid><link>/1</link>', 'https://X.example/?p=1', 'https://paper.example/1'],
      ['<guid>https://x.example/?p=1</guid>', 'https://x.example/?p=1', 'https://x.example/?p=1'],
      ['<guid isPermaLink="false">https://x.example/?p=1</guid>', 'https://x.example/?p=1', undefined],
      ['<link>/1</link><feedburner:origLink>/orig</feedburner:origLink>', '/orig', 'https://paper.example/orig'],
      ['<guid>a</guid><link>javascript:alert(1)</link>', 'a', undefined],
      ['<guid>a</guid><link>https://user:pass@x.example/</link>', 'a', undefined],
      ['<guid>a</guid><atom:link rel="self" href="/self"/><link>/1</link>', 'a', 'https://paper.example/1'],
      ['<guid>a</guid><link href="/1"/>', 'a', 'https://paper.example/1'],
    ]
    for (const [written, guid, link] of cases) {
      const item = await only(rss(`<item><title>t</title>${written}</item>`))
      expect([item.guid, item.link]).toEqual([guid, link])
    }
    expect((await only(rss(`<item><title>t</title><guid>${'x'.repeat(3000)}</guid></item>`))).guid).toMatch(
      /^sha256:[\da-f]{64}$/,
    )
  })

  test('the newer of two entries with one guid counts', async () => {
    const item = (title: string, day: number) =>
      `<item><title>${title}</title><guid>g</guid><pubDate>2025-12-0${day}</pubDate></item>`
    const document = await read(rss(item('a', 4) + item('b', 5) + item('c', 5)))
    expect(document.items.map((one) => one.title)).toEqual(['b'])
    expect(document.notes.dropped).toEqual([{ reason: 'a guid that stands there twice: the newer entry counts', n: 2 }])
  })

  test('content wins over the description, which is then its summary', async () => {
    const full = '<content:encoded><![CDATA[<p>الخبر كله</p>]]></content:encoded>'
    const described = await only(
      rss(`<item><title>t</title><description>&lt;p&gt;ملخص&lt;/p&gt;</description>${full}</item>`),
    )
    expect(described).toMatchObject({ html: '<p>الخبر كله</p>', summary: 'ملخص' })
    const same = await only(rss(`<item><title>t</title><description>الخبر كله</description>${full}</item>`))
    expect(same.summary).toBeUndefined()
  })

  test('scripts, handlers, frames and javascript: links are gone, relative addresses are absolute', async () => {
    expect(
      await body(
        '<p onclick="x()">a<script>x()</script><iframe src="//x"></iframe> <a href="javascript:x()">b</a> <a href="/c">c</a></p>',
      ),
    ).toBe('<p>a <a>b</a> <a href="https://paper.example/c">c</a></p>')
    expect(await body('<svg/onload=alert(1)><p>x</p>')).not.toMatch(/svg|onload/)
  })

  test('names without addresses', async () => {
    const item = await only(
      rss(
        '<item><title>t</title><author>a@b.example (سلمى حسن)</author><author>Ali &lt;a@b.example&gt;</author><author>c@d.example</author></item>',
      ),
    )
    expect(item.authors).toEqual(['سلمى حسن', 'Ali'])
  })

  test('tags each once, fifty at most; prototype names are names', async () => {
    const item = await only(
      rss(
        `<item __proto__="x" constructor="y"><title>t</title><__proto__>x</__proto__><constructor>x</constructor><category>__proto__</category><category domain="x">وسم &amp;amp; وسم</category><category>وسم & وسم</category>${'<category>n</category>'.repeat(5)}</item>`,
      ),
    )
    expect(item.tags).toEqual(['__proto__', 'وسم & وسم', 'n'])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    const many = Array.from({ length: 80 }, (_, n) => `<category>${n}</category>`).join('')
    expect((await only(rss(`<item><title>t</title>${many}</item>`))).tags).toHaveLength(50)
  })

  test('a language is canonical, and none where the letters speak against it', async () => {
    const item = (language: string, title: string) =>
      `<item><title>${title}</title>${language && `<dc:language>${language}</dc:language>`}</item>`
    const { language: _, ...free } = origin()
    const document = await reading.read(
      Buffer.from(
        rss(
          item('', 'المجلس المحلي يعلن افتتاح الطريق') +
            item('EN_gb', 'The council opens the road again') +
            item('nonsense!', 'x') +
            item('en', 'الليرة تستعيد بعض قيمتها أمام الدولار'),
          '<language>en-US</language>',
        ),
      ),
      free,
    )
    expect(document.items.map((one) => one.language)).toEqual([undefined, 'en-GB', 'en-US', undefined])
    expect((await only(rss(item('', 'x'), '<language>en-US</language>'))).language).toBeUndefined()
  })
})

describe('pictures', () => {
  const pictured = (more: string, html = '') =>
    only(rss(`<item><title>t</title><description><![CDATA[${html}]]></description>${more}</item>`))

  test.each([
    [
      '<media:content url="/s.jpg" width="100"/><media:content url="/l.jpg" width="900"><media:title>alt</media:title><media:description>caption</media:description><media:credit>credit</media:credit></media:content>',
      { url: 'https://paper.example/l.jpg', alt: 'alt', caption: 'caption', credit: 'credit' },
    ],
    [
      '<media:group><media:content url="/v.mp4" type="video/mp4"><media:thumbnail url="/t.jpg"/></media:content></media:group>',
      { url: 'https://paper.example/t.jpg' },
    ],
    ['<media:thumbnail url="/t.jpg"/>', { url: 'https://paper.example/t.jpg' }],
    [
      '<enclosure url="/e.mp3" type="audio/mpeg" length="1"/><enclosure url="/e.jpg" type="image/jpeg" length="1"/>',
      { url: 'https://paper.example/e.jpg' },
    ],
    ['<itunes:image href="/i.jpg"/>', { url: 'https://paper.example/i.jpg' }],
    ['<image><url>/u.jpg</url></image>', { url: 'https://paper.example/u.jpg' }],
    ['<media:content url="/p.gif" type="image/gif" width="1" height="1"/>', undefined],
    ['<enclosure url="javascript:x" type="image/png"/>', undefined],
  ])('%s', async (written, image) => {
    expect((await pictured(written)).image).toEqual(image)
  })

  test('the first picture of a text is its picture, and is not shown twice', async () => {
    const item = await pictured(
      '',
      '<figure><img src="/a.jpg" alt="صورة"><figcaption>شرح</figcaption></figure><p>نص</p><p><img src="/b.jpg"></p>',
    )
    expect(item.image).toEqual({ url: 'https://paper.example/a.jpg', alt: 'صورة', caption: 'شرح' })
    expect(item.html).toBe('<p>نص</p><p><img alt="" src="https://paper.example/b.jpg" /></p>')
    const sized = await pictured(
      '<media:content url="/a.jpg" medium="image"/>',
      '<p>نص</p><p><a href="/a.jpg"><img src="/a-300x200.jpg"></a></p>',
    )
    expect(sized.html).toBe('<p>نص</p>')
    const other = await pictured('<media:content url="/c.jpg" medium="image"/>', '<p>نص <img src="/a.jpg" alt="x"></p>')
    expect(other.html).toContain('/a.jpg')
  })

  test('pictures that load late are found, those that only count are dropped', async () => {
    const html =
      '<p>a<img src="data:image/gif;base64,R0" data-src="/late.jpg"><img src="/p.gif" width="1" height=1><img src="https://pixel.wp.com/b.gif"></p>'
    const item = await pictured('<media:content url="/c.jpg" medium="image"/>', html)
    expect(item.html).toBe('<p>a<img alt="" src="https://paper.example/late.jpg" /></p>')
  })
})

describe('bounds', () => {
  test('titles, texts and the number of entries are cut, and it says so', async () => {
    const long = await read(
      rss(
        `<item><title>${'كلمة '.repeat(400)}</title><description>&lt;p&gt;${'كلمة '.repeat(30)}&lt;/p&gt;${`&lt;p&gt;${'كلمة '.repeat(20_000)}&lt;/p&gt;`.repeat(5)}</description></item>`,
      ),
    )
    expect(long.items[0]!.title.length).toBeLessThanOrEqual(500)
    expect(long.items[0]!.html.length).toBeLessThanOrEqual(302_000)
    expect(long.items[0]!.html.endsWith('</p>')).toBe(true)
    expect(long.notes.dropped.length).toBe(2)
    const many = await read(rss(Array.from({ length: 10_050 }, (_, n) => `<item><title>${n}</title></item>`).join('')))
    expect(many.items).toHaveLength(10_000)
    expect(many.notes.dropped).toEqual([{ reason: 'entries beyond the first 10000', n: 50 }])
  })
})
