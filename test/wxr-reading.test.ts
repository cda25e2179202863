import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as wxr from '../src/wordpress/wxr.ts'
import { bodyOf } from '../src/wordpress/wxr-body.ts'
import { CLOSING, exported, item, opening } from './wordpress-export.ts'
import { openWorld } from './world.ts'
import { command, cpu, load, NOW } from './wxr-loaded.ts'

test('memory holds one batch, whatever the file: 60 MB go through a heap of 96 MB', async () => {
  await using world = await openWorld('sqlite', NOW)
  const content = `${'نص '.repeat(400)}\n\n`.repeat(20)
  const { stdin, ended } = command(world, ['article', 'import', '-', '--dry-run'], '--max-old-space-size=96')
  async function* posts() {
    yield opening()
    for (let id = 1; id <= 1500; id++)
      yield item({ id, content, meta: { _thumbnail_id: `${id + 5000}` } }) +
        item({ id: id + 5000, type: 'attachment', file: `https://old.example/${id}.jpg` })
    yield CLOSING
  }
  await pipeline(posts(), stdin)
  expect(await ended).toMatchObject({ code: 0, answer: { added: 1500, picturesMissing: 0 } })
}, 240_000)

test('a file is seen for what it is by its first bytes', () => {
  const kinds: [wxr.Kind, string | Buffer][] = [
    ['wxr', exported([])],
    ['wxr', Buffer.from(`\ufeff${exported([])}`, 'utf16le')],
    ['wxr', `\n\n${exported([], { version: '1.0' })}`],
    ['lines', '{"guid": "x", "title": "<rss>"}'],
    ['lines', ''],
    ['zip', Buffer.from('PK\x03\x04', 'latin1')],
    ['gzip', Buffer.from([0x1f, 0x8b, 8])],
    ['feed', '<?xml version="1.0"?><rss version="2.0"><channel>'],
    ['feed', '<feed xmlns="http://www.w3.org/2005/Atom">'],
    ['html', '<!DOCTYPE html><html><body>Sign in'],
    ['xml', '<?xml version="1.0"?><opml>'],
  ]
  for (const [kind, text] of kinds) expect(wxr.kindOf(Buffer.from(text as string))).toBe(kind)
})

test('a body is what WordPress would have made of it', () => {
  const cases: [string, string][] = [
    ['واحد\n\nاثنان\nسطر', '<p>واحد</p>\n<p>اثنان<br>\nسطر</p>'],
    ['<h2>عنوان</h2>\nنص', '<h2>عنوان</h2>\n<p>نص</p>'],
    ['<blockquote>أول\n\nثانٍ</blockquote>', '<blockquote>\n<p>أول</p>\n<p>ثانٍ</p>\n</blockquote>'],
    ['<ul>\n<li>أ</li>\n<li>ب</li>\n</ul>\nبعد', '<ul>\n<li>أ</li>\n<li>ب</li>\n</ul>\n<p>بعد</p>'],
    ['قبل\n<pre>a\n\nb</pre>\nبعد', '<p>قبل</p>\n<pre>a\n\nb</pre>\n<p>بعد</p>'],
    ['İİİ <pre>a\n\nb</pre>', '<p>İİİ</p>\n<pre>a\n\nb</pre>'],
    ['<!-- wp:heading {"level":2} --><h2>ع</h2><!-- /wp:heading --><!--more-->', '<h2>ع</h2>'],
    ['قال [كذا] و[sic] ثم [[gallery]]', '<p>قال [كذا] و[sic] ثم [gallery]</p>'],
    ['[vc_row][vc_column width="1/2"]نص[/vc_column][/vc_row]', '<p>نص</p>'],
    ['[contact-form-7 id="5"]نص', '<p>نص</p>'],
    ['[embed]https://video.example/1[/embed]', '<p><a href="https://video.example/1">https://video.example/1</a></p>'],
    ['نص\n\nhttps://video.example/2\n\nنص', '<p>نص</p>\n<p><a href="https://video.example/2">https://video.example/2</a></p>\n<p>نص</p>'],
    ['[audio mp3="https://old.example/a.mp3"][/audio]', '<p><a href="https://old.example/a.mp3">https://old.example/a.mp3</a></p>'],
    ['[caption caption="قديم"]<img src="a.jpg">[/caption]', '<figure><img src="a.jpg"><figcaption>قديم</figcaption></figure>'],
    ['[caption]بلا صورة[/caption]', '<p>بلا صورة</p>'],
    ['[caption]<img src="a.jpg"> بلا نهاية', '<p><img src="a.jpg"> بلا نهاية</p>'],
    ['نص <!-- بلا نهاية', '<p>نص  بلا نهاية</p>'],
  ] // biome-ignore format: one case a line
  for (const [stored, html] of cases) expect(bodyOf(stored, new Map())).toBe(html)
})

test('a body is made in time that grows with its length, whatever it holds', () => {
  for (const piece of ['[caption]', '[a ', '[a b="', '<!--', '<pre>', '<div ', '[[', '[/a]', '<img ', '\n ', '[gallery ids="1,', '<p>\n\n']) {
    const begun = cpu()
    bodyOf(piece.repeat(2_000_000 / piece.length), new Map())
    expect([piece, cpu() - begun < 4000]).toEqual([piece, true])
  } // biome-ignore format: one list
})

test('an export that somebody mangled is read or refused, never more', async () => {
  await using world = await openWorld('sqlite', NOW)
  const whole = exported([
    {
      id: 1,
      content: '<p>نص & [caption]<img src="https://old.example/a.jpg">[/caption]</p>',
      meta: { _thumbnail_id: '2' },
    },
    { id: 2, type: 'attachment', file: 'https://old.example/a.jpg' },
    { id: 3, terms: [['category', 'a', 'أ']] },
  ])
  const shards = ['<![CDATA[', ']]>', '</item>', '<item>', '<', '&', '\u0000', '</rss>', '<wp:comment>', '-->', '<!--', '"', '\ufffd', '__proto__', '<category hasOwnProperty="x">'] // biome-ignore format: one list
  const mangling = fc.record({ at: fc.nat(whole.length), length: fc.nat(300), put: fc.constantFrom(...shards, '') })
  await fc.assert(
    fc.asyncProperty(fc.array(mangling, { minLength: 1, maxLength: 5 }), async (manglings) => {
      let text = whole
      for (const { at, length, put } of manglings) text = text.slice(0, at) + put + text.slice(at + length)
      const done = await load(world, text, { dryRun: true })
      expect(done.added + done.revised + done.unchanged).toBeLessThanOrEqual(4)
      expect(done.rejected.every(({ line, reason }) => line > 0 && reason.length > 10)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
