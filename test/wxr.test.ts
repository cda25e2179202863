import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import * as articles from '../src/articles/index.ts'
import * as links from '../src/links.ts'
import * as wxr from '../src/wordpress/wxr.ts'
import { openPartner } from './partner.ts'
import { flat } from './photos.ts'
import { get } from './site.ts'
import { CLOSING, exported, item, opening } from './wordpress-export.ts'
import { databases, openWorld } from './world.ts'
import { all, command, cpu, load, NOW, stream } from './wxr-loaded.ts'

const JPEG = await flat(1000, 500).jpeg().toBuffer()

const SLUG = 'عودة-العبارات-الليلية-إلى-البوسفور-بعد-غياب-تسع-سنوات-كاملة-عن-الضفتين'

const CUT = encodeURIComponent(SLUG).toLowerCase().slice(0, 200) // as WordPress's database holds it: in the middle of a letter

describe.each(databases)('an export of WordPress, on %s', (kind) => {
  test('becomes articles: texts, dates, names, pictures, and the guid byte for byte as the id in feeds', async () => {
    await using world = await openWorld(kind, NOW)
    const content =
      '<!-- wp:paragraph -->\n<p>أول</p>\n<!-- /wp:paragraph -->\n\nثانٍ\nسطر\n\n[caption id="attachment_9" width="300"]<a href="https://old.example/x"><img src="https://old.example/wp-content/uploads/b.jpg" alt="ب" /></a> شرح الصورة[/caption]\n\n[gallery ids="9,10"]'
    const done = await load(
      world,
      exported([
        {
          id: 123,
          title: 'عودة &quot;العبّارات&quot; &amp; غيرها',
          guid: 'http://www.old.example/?post_type=post&#038;p=123',
          name: CUT,
          excerpt: 'ملخّص <b>الخبر</b>',
          content,
          terms: [
            ['category', 'uncategorized', 'غير مصنف'],
            ['category', 'politics', 'سياسة &amp; مجتمع'],
            ['post_tag', 'ferries', 'عبّارات'],
            ['category', 'turkey', 'تركيا'],
            ['post_tag', 'ferries', 'عبارات'],
            ['post_format', 'post-format-aside', 'Aside'],
          ],
          meta: { _thumbnail_id: '9', _edit_last: '3' },
        },
        { id: 124, gmt: '0000-00-00 00:00:00', local: '2025-12-04 11:30:00', creator: 'unknown' },
        { id: 9, type: 'attachment', file: 'https://old.example/wp-content/uploads/2025/12/صورة.jpg', excerpt: 'المرفأ مساءً', meta: { _wp_attachment_image_alt: 'عبّارة' } },
      ]),
    ) // biome-ignore format: one entry a line
    expect(done).toEqual({ ...sums(2), leftOut: {}, picturesMissing: 0 })
    const [first, second] = await all(world)
    expect(first).toMatchObject({
      source_id: 0,
      guid: 'http://www.old.example/?post_type=post&p=123',
      entry_id: 'http://www.old.example/?post_type=post&p=123',
      title: 'عودة "العبّارات" & غيرها',
      summary: 'ملخّص الخبر',
      section: 'سياسة & مجتمع',
      tags: ['تركيا', 'عبارات'],
      authors: ['هالة القبّاني'],
      language: 'ar',
      image_url: 'https://old.example/wp-content/uploads/2025/12/%D8%B5%D9%88%D8%B1%D8%A9.jpg',
      image_alt: 'عبّارة',
      image_caption: 'المرفأ مساءً',
      published_at: Date.parse('2025-12-04T08:00:00Z'),
    })
    expect(first!.body_html).toBe(
      `<p>أول</p>\n<p>ثانٍ<br />\nسطر</p>\n<figure><a href="https://old.example/x"><img alt="ب" src="https://old.example/wp-content/uploads/b.jpg" /></a><figcaption>شرح الصورة</figcaption></figure>\n<figure><img alt="عبّارة" src="https://old.example/wp-content/uploads/2025/12/%D8%B5%D9%88%D8%B1%D8%A9.jpg" /><figcaption>المرفأ مساءً</figcaption></figure>`,
    )
    expect(second).toMatchObject({ authors: ['unknown'], section: null, image_url: null })
    expect(second!.published_at).toBe(Date.parse('2025-12-04T08:30:00Z')) // the paper is in Istanbul
  })

  test('brings nothing that was not meant for the public, and says how much of it there was', async () => {
    await using world = await openWorld(kind, NOW)
    const comment = '<wp:comment><wp:comment_content><![CDATA[<title>x</title>]]></wp:comment_content></wp:comment>'
    const done = await load(
      world,
      exported([
        { id: 1, more: comment.repeat(3) },
        ...['draft', 'draft', 'private', 'trash', 'pending', 'future', '__proto__'].map((status, n) => ({ id: 10 + n, status })),
        { id: 20, password: 'secret' },
        { id: 21, type: 'page' },
        { id: 22, type: 'nav_menu_item', title: '' },
        { id: 23, type: 'attachment', file: 'https://old.example/a.jpg' },
        { id: 24, meta: { _thumbnail_id: '999' } },
      ]),
    ) // biome-ignore format: one entry a line
    expect(done).toEqual({
      ...sums(2),
      leftOut: JSON.parse(
        '{"comment":3,"draft":2,"private":1,"trash":1,"pending":1,"future":1,"__proto__":1,"password":1,"page":1,"nav_menu_item":1}',
      ),
      picturesMissing: 1,
    })
    expect((await all(world)).map(({ title, body_html }) => [title, body_html])).toEqual([
      ['خبر 1', '<p>نص الخبر.</p>'],
      ['خبر 24', '<p>نص الخبر.</p>'],
    ])
  })

  test('is unchanged the second time, revises what was edited, and a dry run foresees exactly that', async () => {
    await using world = await openWorld(kind, NOW)
    const entries = Array.from({ length: 1203 }, (_, n) => ({ id: n + 1 }))
    const before = exported(entries)
    expect(await load(world, before, { dryRun: true })).toMatchObject(sums(1203))
    expect(await all(world)).toEqual([])
    expect(await load(world, before)).toMatchObject(sums(1203))
    expect(await load(world, before)).toMatchObject({ ...sums(0), unchanged: 1203 })
    await articles.withdraw(world.db, 'test', 'https://old.example/?p=5', '', Date.parse(NOW) as never)
    const edited = { id: 7, title: 'عنوان آخر' }
    const after = exported([
      ...entries.filter(({ id }) => id !== 7),
      edited,
      { id: 5, title: 'x' },
      { id: 2000 },
      edited,
    ])
    const expected = { ...sums(1), revised: 1, unchanged: 1204 }
    expect(await load(world, after, { dryRun: true })).toMatchObject(expected)
    expect(await load(world, after)).toMatchObject(expected)
    expect(
      (await world.db.selectFrom('change').select('verb').where('verb', '=', 'article.revise').execute()).length,
    ).toBe(1)
    const lines = ['a', 'b', 'a'].map((guid) => `${JSON.stringify({ guid, title: 'سطر' })}\n`).join('')
    const dry = await articles.importLines(world, 'cli', Readable.from([Buffer.from(lines)]), { dryRun: true })
    expect(dry).toEqual({ ...sums(2), unchanged: 1 })
    expect((await all(world)).length).toBe(1204)
  })

  test('finds its attachments in another file of the same export', async () => {
    await using world = await openWorld(kind, NOW)
    const posts = exported([{ id: 1, meta: { _thumbnail_id: '2' } }])
    const pictures = exported([{ id: 2, type: 'attachment', file: 'https://old.example/a.jpg' }, { id: 3, type: 'attachment', file: 'https://old.example/unused.jpg' }]) // biome-ignore format: one line
    const survey = await wxr.survey([stream(posts), stream(pictures)])
    expect([...survey.attachments.keys()]).toEqual([2])
    await wxr.importPosts(world, 'cli', stream(posts), survey)
    expect((await all(world))[0]!.image_url).toBe('https://old.example/a.jpg')
  })

  test('keeps the old addresses alive: permalink cut at 200 bytes, number, former names, category, tag', async () => {
    await using world = await openWorld(kind, NOW)
    await load(
      world,
      exported([
        {
          id: 77,
          guid: 'https://old.example/archives/77-uuid',
          name: CUT,
          terms: [
            ['category', encodeURIComponent('سياسة-خارجية'), 'سياسة خارجية'],
            ['category', 'turkey', 'تركيا'],
            ['post_tag', '%d8%a3%d9%87', 'آهٍ &amp; أوه'],
            ['post_tag', encodeURIComponent('عبارات'), 'عبارات'],
          ],
          meta: { _wp_old_slug: 'first-name' },
        },
        { id: 78, guid: 'https://old.example/?p=78', link: 'https://old.example/?p=78' },
      ]),
    )
    const [first, second] = await all(world)
    const leads = async (path: string) => {
      const { status, location } = await get(world, path)
      return status === 301 ? location : status
    }
    for (const [path, to] of [
      [`/2025/12/04/${CUT}/`, links.article('', first!)],
      [`/2025/12/04/${encodeURIComponent(SLUG)}/`, links.article('', first!)],
      ['/2025/12/04/first-name/', links.article('', first!)],
      ['/?p=77', links.article('', first!)],
      ['/?p=78', links.article('', second!)],
      ['/archives/77-uuid', links.article('', first!)],
      [`/category/${encodeURIComponent('سياسة-خارجية')}/`, `/section/${encodeURIComponent('سياسه-خارجيه')}`],
      [`/tag/${encodeURIComponent('عبارات')}/`, `/tag/${encodeURIComponent('عبارات')}`],
      ['/category/news/Turkey/page/2/', `/tag/${encodeURIComponent('تركيا')}`],
      ['/category/turkey/feed/', `/feeds/tag/${encodeURIComponent('تركيا')}.rss`],
      [`/tag/${encodeURIComponent('أه')}/`, `/tag/${encodeURIComponent('اه-&-اوه')}`],
      ['/author/hala/', `/author/${encodeURIComponent('هاله-القباني')}`],
      ['/category/unknown', 404],
      ['/?p=79', 404],
    ] as const)
      expect([path, await leads(path)]).toEqual([path, to])
  })

  test('has its pictures copied, and their old addresses lead to ours', async () => {
    await using host = await openPartner(
      (request, response) => void (/-\d+x/.test(request.url!) ? response.writeHead(404).end() : response.end(JPEG)),
    )
    await using world = await openWorld(kind, NOW, { NASHRA_FETCH_ALLOW: host.place })
    const uploads = `${host.url}/wp-content/uploads/2025/12`
    const content = `[caption id="a"]<img src="${uploads}/b-300x200.jpg" width="300" height="200"> شرح[/caption]`
    const lead = { id: 2, type: 'attachment', file: `${uploads}/lead-scaled.jpg` }
    const unused = { id: 3, type: 'attachment', file: `${uploads}/unused.jpg` }
    await load(world, exported([{ id: 1, content, meta: { _thumbnail_id: '2' } }, lead, unused]))
    const kept = await articles.keepAllPictures(world, 'cli', { signal: new AbortController().signal })
    expect(kept).toEqual({ kept: 2, failed: [], waiting: 0 })
    expect(host.asked.map(({ url }) => url).sort()).toEqual([
      '/wp-content/uploads/2025/12/b.jpg',
      '/wp-content/uploads/2025/12/lead-scaled.jpg',
    ])
    const [story] = await all(world)
    const { text } = await get(world, links.article('', story!))
    expect(text).not.toContain(host.url)
    expect(text).toMatch(
      /<figure><img loading="lazy"[^>]* src="\/m\/[0-9a-f]{24}-1000.jpg"[^>]* width="1000" height="500"/,
    )
    const uploaded = (name: string) => get(world, `/wp-content/uploads/2025/12/${name}`)
    expect(await uploaded('b-150x150.jpg')).toMatchObject({
      status: 301,
      location: `/m/${story!.picture!.hash}-320.jpg`,
    })
    expect((await uploaded('lead.jpg')).status).toBe(301)
    expect((await uploaded('unused.jpg')).status).toBe(404)
    expect(await load(world, exported([{ id: 1, content, meta: { _thumbnail_id: '2' } }, lead]))).toMatchObject({
      unchanged: 1,
    })
  })

  test.skipIf(kind === 'pglite')(
    'is imported by a command, from files or through a pipe, that leaves nothing behind',
    async () => {
      await using world = await openWorld(kind, NOW)
      const file = (name: string, bytes: string | Buffer) => {
        writeFileSync(join(world.config.data, name), bytes)
        return join(world.config.data, name)
      }
      const text = exported(Array.from({ length: 700 }, (_, n) => ({ id: n + 1, status: n % 7 ? 'publish' : 'draft' })))
      const xml = file('export.xml', text)
      const lines = file('lines.jsonl', '{"guid":"a","title":"سطر"}\n{}\n')
      const dry = await command(world, ['article', 'import', xml, lines, '--dry-run']).ended
      expect(dry.answer).toMatchObject({
        added: 601,
        dryRun: true,
        leftOut: { draft: 100 },
        rejected: [{ file: lines, line: 2 }],
      })
      expect([dry.code, dry.said]).toEqual([1, expect.stringMatching(/nothing was changed|لم يتغيّر شيء/)])
      expect(await all(world)).toEqual([])
      const piped = command(world, ['article', 'import', '-'])
      piped.stdin.end(text)
      expect(await piped.ended).toMatchObject({ code: 0, answer: { added: 600, leftOut: { draft: 100 } } })
      expect((await command(world, ['article', 'import', xml]).ended).answer).toMatchObject({
        added: 0,
        unchanged: 600,
      })
      for (const [name, bytes, code] of [
        ['a.zip', Buffer.from('PK\x03\x04'), 'zip'],
        ['a.xml.gz', gzipSync(text), 'gzip'],
        ['a.rss', '<rss version="2.0"><channel/></rss>', 'source add'],
        ['a.html', '<!DOCTYPE html><html>', 'HTML'],
      ] as const) {
        const refused = await command(world, ['article', 'import', xml, file(name, bytes)]).ended
        expect([refused.code, refused.said]).toEqual([1, expect.stringContaining(code)])
      }
      const stopped = command(world, ['article', 'import', '-'])
      stopped.stdin.write(text)
      const copies = () => readdirSync(world.config.data).filter((name) => name.startsWith('import-'))
      const copied = () =>
        copies().map((name) => statSync(join(world.config.data, name, 'export.xml'), { throwIfNoEntry: false })?.size)
      await until(() => copied()[0] === Buffer.byteLength(text)) // it waits for more, which never comes
      stopped.kill('SIGTERM')
      expect((await stopped.ended).code).toBe(1)
      expect(copies()).toEqual([])
    },
    240_000,
  )

  test('that is broken gives what is whole in it, and names the rest by its line and what to do', async () => {
    await using world = await openWorld(kind, NOW)
    const reasons = async (text: string | Buffer) => {
      const { rejected, added, unchanged } = await load(world, text)
      return { n: added + unchanged, rejected: rejected.map(({ line, reason }) => `${line}: ${reason}`) }
    }
    const two = exported([{ id: 1 }, { id: 2 }])
    const lineOf = (text: string, id: number) => text.slice(0, text.indexOf(`خبر ${id}`)).split('\n').length - 1
    const cut = 'the file ends before its end: it was cut on its way; export it again and import all of it'
    expect(await reasons(two.slice(0, two.indexOf('?p=2')))).toEqual({
      n: 1,
      rejected: [`${lineOf(two, 2)}: the file ends in the middle of it; export it again`, expect.stringContaining(cut)],
    })
    expect(await reasons(two.replace(CLOSING, ''))).toEqual({ n: 2, rejected: [expect.stringContaining(cut)] })
    expect(await reasons(two + two)).toEqual({ n: 2, rejected: [expect.stringContaining('something comes after its end')] })
    expect(await reasons(exported([{ id: 1, title: '' }, { id: 2 }]))).toEqual({
      n: 1,
      rejected: [`${opening().split('\n').length}: title: it is empty`],
    })
    expect(await reasons(two.replace('2025-12-04 08:00:00', 'soon').replace('2025-12-04 11:00:00', '0000-00-00 00:00:00').replace(/<pubDate>Thu[^<]*/, '<pubDate>'))).toEqual({ n: 1, rejected: [expect.stringContaining('published_at: give a date')] })
    expect(await reasons(exported([{ id: 1, content: 'x'.repeat(2_000_001) }, { id: 2 }]))).toEqual({
      n: 1,
      rejected: [expect.stringContaining('content:encoded: it is longer than 2000000 letters')],
    })
    expect(await reasons(two.replace('</item>', ''))).toEqual({
      n: 1,
      rejected: [expect.stringContaining('it has no end: the next one begins inside it')],
    })
    const arabic = Buffer.from(two.replace(/[^\0-\x7f]/g, (letter) => String.fromCharCode(0xc0 + (letter.charCodeAt(0) % 60))), 'latin1') // biome-ignore format: one line
    expect((await reasons(arabic)).rejected).toEqual([
      expect.stringContaining('its text is not in the encoding that the file names; save the file as UTF-8'),
      expect.stringContaining('encoding'),
    ])
  }) // biome-ignore format: one case a line

  test('that is odd is read all the same', async () => {
    await using world = await openWorld(kind, NOW)
    const odd: Record<string, string | Buffer> = {
      'a bare &': exported([{ id: 1, more: '<wp:x>a & b &bogus; &#0; &#xFFFFFFFF;</wp:x>' }]).replace('?p=1<', '?a=1&p=1<'),
      'control characters': exported([{ id: 2, title: 'خبر\u0000\u0008\u001b 2', content: 'نص\u0007 الخبر.' }]),
      'a CDATA that ends in its text': exported([{ id: 3, content: 'نص ]]> <p>فقرة <b>غليظة</b><br>سطر <link>لا رابط</link></p>' }]),
      'UTF-16': Buffer.from(`\ufeff${exported([{ id: 4 }])}`, 'utf16le'),
      'windows-1256': cp1256(exported([{ id: 5 }]).replace('UTF-8', 'windows-1256')),
      'WXR 1.0': exported([{ id: 6, creator: 'هالة', terms: [['', '', 'سياسة'], ['category', 'a', 'سياسة'], ['tag', 'b', 'وسم']] }], { version: '1.0' }).replace(/<wp:author>.*<\/wp:author>/, ''),
      'bytes that are none of UTF-8': Buffer.concat([Buffer.from(exported([{ id: 7 }]).replace('نص', `نص${'كلمة '.repeat(30)}\x01`)).map((byte) => (byte === 1 ? 0xff : byte))]),
      'names that every object has': exported([{ id: 9, more: '<a hasOwnProperty="1" __proto__="2" constructor="3"/><__proto__/>' }]),
      'a byte order mark': `\ufeff${exported([{ id: 8 }])}`,
    } // biome-ignore format: one case a line
    for (const [name, text] of Object.entries(odd)) {
      const { rejected, added } = await load(world, text)
      expect([name, rejected, added]).toEqual([name, [], 1])
    }
    const stories = await all(world)
    expect(stories.map(({ title }) => title)).toEqual([1, 2, 3, 4, 5, 6, 7, 9, 8].map((id) => `خبر ${id}`))
    expect(stories[0]!.guid).toBe('https://old.example/?a=1&p=1')
    expect(stories[2]!.body_html).toContain('<p>فقرة <b>غليظة</b><br />سطر لا رابط</p>')
    expect(stories[5]).toMatchObject({ authors: ['هالة'], section: 'سياسة', tags: ['وسم'] })
  })

  test('that is meant to hurt ends soon, with what came before it', async () => {
    await using world = await openWorld(kind, NOW)
    const bomb = `<!DOCTYPE rss [${Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('')}<!ENTITY l0 "${'lol'.repeat(100)}"><!ENTITY x SYSTEM "file:///etc/passwd">]>`
    const laughs = exported([{ id: 1 }])
      .replace(/\?>/, `?>${bomb}`)
      .replace('?p=1<', '?p=1&amp;l=&l9;&x;<')
    expect(await load(world, laughs)).toMatchObject({ added: 1, rejected: [] })
    expect((await all(world))[0]!.guid).toBe('https://old.example/?p=1&l=&l9;&x;')
    const hurtful = {
      'nested more than 1000 deep': '<a>'.repeat(1_000_000),
      'more than 100 attributes': `<a ${Array.from({ length: 10_000 }, (_, n) => `a${n}="x"`).join(' ')}>`,
      'one attribute has no end': `<a b="${'x'.repeat(5_000_000)}`,
      'one tag has no end': `<${'x'.repeat(5_000_000)}`,
      'one comment has no end': `<!--${'x'.repeat(5_000_000)}`,
    }
    for (const [reason, text] of Object.entries(hurtful)) {
      const begun = cpu()
      const { rejected } = await load(
        world,
        `${opening()}${item({ id: 1 })}<wp:x>${text}</wp:x>${item({ id: 2 })}${CLOSING}`,
      )
      expect([reason, ...rejected.map((one) => one.reason)]).toEqual([
        reason,
        expect.stringContaining(`nothing after it was read: `),
      ])
      expect(rejected[0]!.reason).toContain(reason)
      expect(cpu() - begun).toBeLessThan(5000)
    }
    const tall = exported([
      { id: 1, meta: { _big: 'x'.repeat(20_000_000) } },
      { id: 3, content: `<![CDATA[${'<'.repeat(1_900_000)}` },
    ])
    const { rejected } = await load(world, tall)
    expect(rejected).toEqual([])
  })

  test('ends with what it has when it is told to stop, and goes on where it was when it is run again', async () => {
    await using world = await openWorld(kind, NOW)
    const text = exported(Array.from({ length: 3000 }, (_, n) => ({ id: n + 1 })))
    const stop = new AbortController()
    const survey = await wxr.survey([stream(text)])
    const half = await wxr.importPosts(world, 'cli', stream(text), survey, {
      signal: stop.signal,
      onEntry: (n) => n === 1700 && stop.abort(),
    })
    expect(half.rejected).toEqual([])
    expect(half.added).toBeGreaterThan(1000)
    expect(half.added).toBeLessThan(3000)
    expect(await load(world, text)).toMatchObject({ ...sums(3000 - half.added), unchanged: half.added })
  })
})

function sums(added: number) {
  return { added, revised: 0, unchanged: 0, rejected: [], rejectedInAll: 0 }
}

/** The Arabic letters of this text in windows-1256, which Node only reads. */
function cp1256(text: string): Buffer {
  const bytes = new Map<string, number>()
  for (let byte = 128; byte < 256; byte++)
    bytes.set(new TextDecoder('windows-1256').decode(new Uint8Array([byte])), byte)
  return Buffer.from([...text].map((letter) => bytes.get(letter) ?? letter.charCodeAt(0) & 127))
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}
