import fc from 'fast-check'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clean } from '../../src/text.ts'
import { browserPath, type Newsroom, openNewsroom } from '../editing.ts'

const BASE = 'https://news.example'
const LAST = '<p>الفقرة الأخيرة</p>'

/** Words of several scripts, with all that is not seen: bidi marks, joiners, spaces that do not break, entities. */
const word = fc.constantFrom(
  ...[
    'خبر',
    'الموازنة',
    'مي\u200cخواهم',
    '\u200fقال\u200f',
    'A\u200eB',
    '\u061cنعم',
    'Straße',
    'İstanbul',
    '٢٠٢٦',
    '12–14',
  ],
  ...[
    '&amp;',
    '&lt;b&gt;',
    '«\u00a0نعم\u00a0»',
    'a\u00a0\u00a0b',
    '👩‍💻',
    'e\u0301',
    '&quot;',
    'x\u200by',
    '\u2066abc\u2069',
    '&nbsp;',
    'ـــ',
  ],
)
const words = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .chain((all) => fc.constantFrom(' ', ' ', '  ', '\n').map((space) => all.join(space)))
const within = (tags: string[], inner: fc.Arbitrary<string>) =>
  fc.tuple(fc.constantFrom(...tags), inner).map(([tag, text]) => `<${tag}>${text}</${tag.split(' ')[0]}>`)

const { inline, blocks } = fc.letrec<{ inline: string; piece: string; items: string; block: string; blocks: string }>(
  (tie) => ({
    piece: fc.oneof(
      { weight: 4, arbitrary: words },
      within(['b', 'strong', 'i', 'em', 'u', 's', 'sub', 'sup', 'code', 'mark', 'small', 'q', 'cite'], tie('inline')),
      within(
        ['bdi dir="ltr"', 'abbr', 'time datetime="2026-01-01"', 'a href="https://example.org/?a=1&amp;b=2" title="ت"'],
        tie('inline'),
      ),
      fc.constantFrom('<br>', '<sup><a href="#fn1">1</a></sup>', '<a id="top"></a>', '<span class="x">ص</span>'),
    ),
    inline: fc
      .array(tie('piece'), { minLength: 1, maxLength: 3, depthIdentifier: 'inline' })
      .map((all) => all.join(' ')),
    items: fc
      .array(fc.tuple(tie('inline'), fc.option(tie('block'), { freq: 3 })), { minLength: 1, maxLength: 3 })
      .map((all) => all.map(([text, more]) => `<li>${text}${more ?? ''}</li>`).join('')),
    block: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'block' },
      within(
        ['p', 'p dir="ltr"', 'p lang="tr"', 'h2 id="one"', 'h3', 'h4', 'pre', 'div', 'div dir="ltr"'],
        tie('inline'),
      ),
      within(['ul', 'ol', 'ul dir="ltr"'], tie('items')),
      within(['blockquote', 'div'], tie('blocks')),
      fc.tuple(tie('inline'), tie('inline')).map(([one, two]) => `<dl><dt>${one}</dt><dd>${two}</dd></dl>`),
      fc
        .tuple(tie('inline'), tie('inline'), tie('blocks'))
        .map(
          ([one, two, three]) =>
            `<table><caption>${one}</caption><thead><tr><th scope="col">${one}</th><th colspan="2">${two}</th></tr></thead><tbody><tr><td>${two}</td><td rowspan="2">${three}</td><td></td></tr><tr><td>1</td><td>2</td></tr></tbody></table>`,
        ),
      fc
        .tuple(words, tie('inline'))
        .map(
          ([alt, caption]) =>
            `<figure><img src="https://old.example/a.jpg" alt="${alt.replaceAll('"', '')}" width="640" height="480"><figcaption>${caption}</figcaption></figure>`,
        ),
      fc.constantFrom(
        '<hr>',
        '<p></p>',
        '<iframe src="https://video.example/embed/1"></iframe>',
        'نص خارج الفقرات',
        '<b>بارز</b> خارجها',
        '<img src="https://old.example/b.jpg" alt="">',
      ),
    ),
    blocks: fc
      .array(fc.tuple(tie('block'), fc.constantFrom('', '\n', '\n\n', ' ')), { minLength: 1, maxLength: 4 })
      .map((all) => all.flat().join('')),
  }),
)
/** A body as the store has it: cleaned. */
const body = fc
  .oneof(
    blocks,
    fc.tuple(inline, blocks).map((both) => both.join('\n')),
  )
  .map((html) => clean(`${html}\n${LAST}`, BASE))

describe.skipIf(!browserPath)('an article opened in the editor', () => {
  let room: Newsroom
  let page: Page
  beforeAll(async () => {
    room = await openNewsroom()
    page = await room.signedIn({ viewport: { width: 1280, height: 2000 } })
  })
  afterAll(() => room?.[Symbol.asyncDispose]())

  test('is the same HTML when it is saved unchanged, whatever it is made of', { timeout: 300_000 }, async () => {
    let n = 0
    await fc.assert(
      fc.asyncProperty(body, async (html) => {
        const before = await room.held(`same ${n++}`, html)
        await room.edit(page, before)
        expect(await page.locator('#editor').count()).toBe(1)
        await room.save(page)
        expect(await room.stored(before.guid)).toEqual(before)
      }),
      { numRuns: 8 },
    )
  })

  test('keeps every block to the byte but the one where somebody wrote', { timeout: 300_000 }, async () => {
    await room.edit(page, await room.held('scratch', LAST))
    const area = page.locator('#body')
    await fc.assert(
      fc.asyncProperty(body, async (html) => {
        await page.click('[data-tool=html]')
        await area.fill(html)
        await page.click('[data-tool=html]')
        await page.locator('#editor > p').last().click()
        await page.keyboard.press('Control+End')
        await page.keyboard.type('!')
        const expected = html.endsWith(LAST) ? `${html.slice(0, -4)}!</p>` : html
        expect(await area.inputValue()).toBe(expected)
      }),
      { numRuns: 80, interruptAfterTimeLimit: 120_000 },
    )
  })
})
