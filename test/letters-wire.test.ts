import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instant } from '../db/instant.ts'
import { email } from '../src/address.ts'
import * as letters from '../src/letters/index.ts'
import {
  AT,
  letter,
  PREFERENCES,
  paper,
  parsed,
  personal,
  shared,
  squeezed,
  story,
  TOKEN,
  TOKENS,
  visible,
  wire,
} from './letter.ts'

describe('a letter on the wire', () => {
  test('says in html, text and subject what was rendered, after any mail program has read it', async () => {
    const rendered = letters.renderEdition(letter({ stories: [story(), story({ title: 'Second “story' })] }))
    const read = await parsed(wire(rendered))
    expect(read.subject).toBe(rendered.subject)
    expect(squeezed(String(read.html))).toBe(squeezed(letters.fill(rendered.html, TOKENS)))
    expect(squeezed(read.text!)).toBe(squeezed(letters.fill(rendered.text, TOKENS)))
    expect(read.html).toContain(`href="https://news.example/unsubscribe/${TOKEN}"`)
    expect(read.text).toMatch(new RegExp(`^https://news\\.example/unsubscribe/${TOKEN}$`, 'm'))
  })

  test('carries the headers that mailbox providers ask of a newsletter', async () => {
    const source = wire(letters.renderEdition(letter()))
    const { headers, ...read } = await parsed(source)
    expect(read.from!.value).toEqual([{ name: 'تركيا الآن', address: 'news@news.example' }])
    expect(read.replyTo!.value).toEqual([{ name: 'The desk', address: 'desk@news.example' }])
    expect(read.messageId).toBe('<e1.r1@news.example>')
    expect(read.date!.getTime()).toBe(AT)
    expect(headers.get('list')).toMatchObject({ id: { id: 'morning.news.example' } })
    const lines = source.split('\r\n')
    expect(lines).toContain('To: reader@example.org')
    expect(lines).toContain(`List-Unsubscribe: <https://news.example/unsubscribe/${TOKEN}>`)
    expect(lines).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
    expect(lines).toContain('Feedback-ID: e1:morning:morning:nashra')
    expect(lines).toContain('Auto-Submitted: auto-generated')
    expect(lines).toContain('X-Auto-Response-Suppress: OOF, AutoReply')
    expect(lines).toContain('Content-Language: ar')
    expect(lines).toContain('Date: Mon, 23 Nov 2026 04:10:00 +0000')
  })

  test('has CRLF alone, short ASCII lines, and none that begins with a dot', async () => {
    const title = '.نقطة في البداية، ثم عنوان طويل جدًّا لا ينتهي إلا بعد حين طويل من الكلام المتصل بعضه ببعض'
    const source = wire(letters.renderEdition(letter({ stories: [story({ title })], paper: { ...paper, name: '.' } })))
    expect(source).toMatch(/^[\x20-\x7e\r\n]*$/)
    expect(source.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    for (const line of source.split('\r\n')) {
      expect(line.length).toBeLessThanOrEqual(line.startsWith('List-Unsubscribe:') ? 998 : 78)
      expect(line).not.toMatch(/^\./)
    }
    for (const line of source.split('\r\n').filter((line) => /^[A-Za-z0-9+/]{50,}=*$/.test(line)))
      expect(line.length).toBeLessThanOrEqual(76)
  })

  test('differs between readers only where they differ, and not at all for the same reader', async () => {
    const fixed = letters.fix(letters.renderEdition(letter()), shared)
    const mine = letters.splice(fixed, personal()).toString()
    expect(letters.splice(fixed, personal()).toString()).toBe(mine)
    const late = letters.splice(fixed, personal({ date: (AT + 3_600_000) as Instant })).toString()
    expect(late.replace(/^Date: .*$/m, '')).toBe(mine.replace(/^Date: .*$/m, ''))
    const other = personal({
      to: email('other@example.org'),
      messageId: 'e1.r2@news.example',
      tokens: { unsubscribe: 'x'.repeat(30), preferences: 'y'.repeat(30) },
    })
    const theirs = letters.splice(fixed, other).toString().split('\r\n')
    const changed = mine.split('\r\n').filter((line, index) => line !== theirs[index])
    expect(changed.map((line) => line.replace(/:.*/, ':'))).toEqual([
      'To:',
      'Message-ID:',
      'List-Unsubscribe:',
      ...[PREFERENCES, TOKEN, TOKEN, PREFERENCES, TOKEN].map((token) => Buffer.from(token).toString('base64')),
    ])
    expect(Math.abs(letters.size(fixed) - mine.length)).toBeLessThan(400)
  })

  test('is plain text alone where no html was rendered', async () => {
    const rendered = { ...letters.renderEdition(letter()), html: '' }
    const read = await parsed(
      letters.splice(letters.fix(rendered, { ...shared, language: 'ar' }), personal()).toString(),
    )
    expect(read.html).toBe(false)
    expect(squeezed(read.text!)).toBe(squeezed(letters.fill(rendered.text, TOKENS)))
    expect(read.headers.get('content-language')).toBe('ar')
  })

  test('is refused rather than sent with a header that somebody broke', async () => {
    const rendered = letters.renderEdition(letter())
    const fixed = letters.fix(rendered, shared)
    const refusals: (() => unknown)[] = [
      () => letters.fix({ ...rendered, subject: 'News\r\nBcc: evil@example.org' }, shared),
      () =>
        letters.fix(rendered, {
          ...shared,
          from: { name: 'News\nBcc: evil@example.org', address: shared.from.address },
        }),
      () => letters.fix(rendered, { ...shared, listId: { id: 'a>\r\nBcc: x', title: 'x' } }),
      () => letters.fix(rendered, { ...shared, feedbackId: 'a\r\nBcc: evil@example.org' }),
      () => letters.fix(rendered, { ...shared, boundary: 'x"\r\n\r\n' }),
      () => letters.splice(fixed, personal({ to: 'a@example.org\r\nBcc: evil@example.org' as never })),
      () => letters.splice(fixed, personal({ to: 'a@example.org, evil@example.org' as never })),
      () => letters.splice(fixed, personal({ messageId: '<e1.r1@news.example>' })),
      () => letters.splice(fixed, personal({ messageId: 'a@b\r\nBcc: x' })),
      () => letters.splice(fixed, personal({ tokens: {} })),
      () => letters.splice(fixed, personal({ tokens: { ...TOKENS, unsubscribe: 'short' } })),
      () => letters.splice(fixed, personal({ tokens: { ...TOKENS, preferences: `"><script>${'x'.repeat(20)}` } })),
      () => letters.splice(fixed, personal({ date: Number.NaN as Instant })),
    ]
    for (const refusal of refusals) expect(refusal, String(refusal)).toThrow()
  })
})

describe('a stranger’s text in a letter', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(
      fc.constantFrom(
        '<script>alert(1)</script>', '"', "'", '“', '&', '&lt;', '<', '>', '\r\n', '\r\nBcc: evil@example.org', '\u0000', '\u0001unsubscribe\u0002', '\u0001', '\u0002',
        '\u0085', '\u202e', '\u2066', '\u2069', '\u200f', '{{rows}}', '{{title}}', '$&', '$1', '</td></tr></table>', '<!--', '-->', '<![endif]-->', ']]>', '</mj-table>', '=?UTF-8?B?', '?=', '\ud83d',
        '🧕🏽', 'لا', ' ', 'NATO', '\n.\n', 'javascript:', 'إدلب', '٬', '…',
      ),
      { minLength: 1, maxLength: 12 },
    ).map((parts) => parts.join('')),
  ) // biome-ignore format: one list

  test('is text, whatever it holds: in html, in plain text, in the subject', async () => {
    await fc.assert(
      fc.asyncProperty(nasty, nasty, nasty, nasty, async (title, excerpt, section, name) => {
        const stories = [story({ title, excerpt, section }), story({ title: section, excerpt: title, language: 'en' })]
        const rendered = letters.renderEdition(
          letter({
            stories,
            headlines: [story({ title: name })],
            paper: { ...paper, name, tagline: title, postal_address: excerpt },
            list: { title: name },
          }),
        )
        const expected = clean(title)
        expect(letters.fill(rendered.html, {}).match(/unsubscribe\/#"/g)).toHaveLength(2)
        expect(letters.fill(rendered.text, {}).match(/unsubscribe\/#$/gm)).toHaveLength(1)
        expect(squeezed(visible(letters.fill(rendered.html, {})))).toContain(squeezed(expected))
        expect(squeezed(rendered.text)).toContain(squeezed(expected))
        expect(rendered.html).not.toMatch(/<script|(href|src)="(?!https:)|\u202e/i)
        const source = wire(rendered)
        const read = await parsed(source)
        expect(read.subject).toBe(rendered.subject)
        expect(squeezed(String(read.html))).toBe(squeezed(letters.fill(rendered.html, TOKENS)))
        expect(source.slice(0, source.indexOf('\r\n\r\n'))).not.toMatch(/^Bcc/im)
      }),
      { numRuns: 150 },
    )
  }, 120_000)

  test('keeps its unbalanced quotes, ampersands and entities as they were typed', async () => {
    const title = 'إعلام عالمي: المسيرة “قزل ألما" & &amp; <b>'
    const rendered = letters.renderEdition(letter({ stories: [story({ title })] }))
    expect(rendered.subject).toBe(`${title} · 23/11/2026`)
    expect(rendered.text).toContain(`\n${title}\n`)
    expect(visible(rendered.html)).toContain(title)
  })

  test('of 500 letters is shortened in the subject only, never inside a letter', async () => {
    const title = '👨‍👩‍👧‍👦'.repeat(500)
    const rendered = letters.renderEdition(letter({ stories: [story({ title })] }))
    expect(rendered.subject).toContain(`${'👨‍👩‍👧‍👦'.repeat(120)}… · 23/11/2026`)
    expect(rendered.html).toContain(title)
    expect((await parsed(wire(rendered))).subject).toBe(rendered.subject)
  })

  test('cannot make a link that is not http(s)', async () => {
    const bad = letter({ stories: [story({ url: 'javascript:alert(1)' })] })
    expect(() => letters.renderEdition(bad)).toThrow('http(s)')
  })

  /** What our cleaning leaves of a title: one line, no controls, no overrides, nothing unpaired. */
  function clean(text: string): string {
    return text
      .replace(/[\ud800-\udfff\ufffe\uffff\ufdd0-\ufdef]/gu, '')
      .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
      .replace(/[\p{Cc}\u2028\u2029]/gu, '')
  }
})

describe('a letter from right to left', () => {
  test('says so at every level that mail programs look at', async () => {
    const { html } = letters.renderEdition(letter())
    expect(html).toMatch(/<html lang="ar" dir="rtl"/)
    expect(html).toMatch(/role="article" lang="ar" dir="rtl"/)
    expect(html.match(/direction:ltr/g)).toBeNull()
    expect(html).toMatch(/<td dir="rtl" align="center" style="direction:rtl;/)
    expect(html).toMatch(/<td lang="ar" dir="rtl" align="right" style="direction:rtl;text-align:right;/)
    expect(html).toMatch(/mj-column-per-100[^>]*direction:rtl/)
  })

  test('gives each story its own language, direction and side', async () => {
    const english = story({ title: 'Markets open higher', language: 'en', section: 'Economy' })
    const { html, subject, text } = letters.renderEdition(letter({ stories: [english, story()] }))
    expect(html).toMatch(/<td lang="en" dir="ltr" align="left" style="direction:ltr;text-align:left;/)
    expect(html).toMatch(/<td class="rule" lang="ar" dir="rtl" align="right"/)
    expect(subject).toBe('\u200f\u2066Markets open higher\u2069 · 23/11/2026')
    expect(text).toContain('\nMarkets open higher\n')
    expect(html).toContain('<title>\u200f\u2066Markets open higher\u2069 · 23&#47;'.replace('&#47;', '/'))
  })

  test('isolates a name of the other direction in its sentences', async () => {
    const { html, text } = letters.renderEdition(letter({ paper: { ...paper, name: 'Turkey Now' } }))
    expect(html).toContain('من <span dir="ltr">Turkey Now</span>.')
    expect(text).toContain('من \u2066Turkey Now\u2069.')
    expect(text.startsWith('\u200fTurkey Now\n')).toBe(true)
  })

  test('begins a line of plain text with a mark where its first letter would turn it around', async () => {
    const { text } = letters.renderEdition(letter({ stories: [story({ title: 'NATO تجتمع', section: null })] }))
    expect(text).toContain('\n\u200fNATO تجتمع\n')
    expect(text).toContain('\n\u200f23/11/2026\n')
    for (const line of text.split('\n').filter((line) => line.includes('https://'))) expect(line).toMatch(/^https:\S+$/)
  })

  test('in a language we have no words in speaks English, isolated, in that language’s direction', async () => {
    const { html, text } = letters.renderEdition(letter({ language: 'fa' }))
    expect(html).toMatch(/<html lang="fa" dir="rtl"/)
    expect(html).toContain('<span dir="ltr">Unsubscribe</span>')
    expect(text).toContain('\u200f\u2066Unsubscribe\u2069\n')
  })

  test('is a letter from left to right in English and Turkish', async () => {
    for (const language of ['en', 'tr']) {
      const only = story({ title: 'Plain title', excerpt: 'Words.', section: 'World', language })
      const own = { ...paper, name: 'Now', tagline: '', postal_address: '' }
      const { html } = letters.renderEdition(
        letter({ language, stories: [only], paper: own, list: { title: 'Morning' }, digest: { title: 'Morning' } }),
      )
      expect(html).toMatch(new RegExp(`<html lang="${language}" dir="ltr"`))
      expect(html).not.toMatch(/rtl|[\u0600-\u06ff]/)
    }
  })
})
