import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { describe, expect, test } from 'vitest'
import type { Instant } from '../db/instant.ts'
import { type Email, email } from '../src/address.ts'
import * as dkim from '../src/dkim/index.ts'
import { verified } from '../src/dkim/verification.ts'
import * as letters from '../src/letters/index.ts'
import { excerpt } from '../src/text.ts'

const TOKEN = 'AbCdEfGhIjKlMnOpQrStUvWxYz-_09'
const PREFERENCES = '09-_zYxWvUtSrQpOnMlKjIhGfEdCbA'
const TOKENS = { unsubscribe: TOKEN, preferences: PREFERENCES }
const AT = Date.parse('2026-11-23T04:10:00Z') as Instant

const paper: letters.Paper = {
  name: 'تركيا الآن',
  tagline: 'أخبار تركيا بالعربية',
  accent: '#9b1c1c',
  postal_address: 'شارع الاستقلال 12، إسطنبول',
  zone: 'Europe/Istanbul',
  url: 'https://news.example',
}

function story(values: Partial<letters.LetterStory> = {}): letters.LetterStory {
  return {
    title: 'الاقتصاد التركي ينمو 3.7 بالمئة في الربع الثالث',
    excerpt: 'حقق الاقتصاد التركي نموًا بنسبة 3.7 بالمئة على أساس سنوي خلال الربع الثالث من العام…',
    url: 'https://news.example/r/q7c2m9x4',
    language: 'ar',
    section: 'اقتصاد',
    published_at: AT,
    ...values,
  }
}

function letter(values: Partial<letters.EditionLetter> = {}): letters.EditionLetter {
  const { stories = [story()], headlines = [], more = 0 } = values
  return {
    paper,
    digest: { title: 'نشرة الصباح' },
    list: { title: 'نشرة الصباح' },
    language: 'ar',
    day: Temporal.PlainDate.from('2026-11-23'),
    stories,
    headlines,
    more,
    total: stories.length + headlines.length + more,
    webUrl: 'https://news.example/editions/morning/2026-11-23',
    reason: 'list',
    publicUrl: 'https://news.example',
    ...values,
  }
}

const shared: letters.Shared = {
  from: { name: 'تركيا الآن', address: email('news@news.example') },
  replyTo: { name: 'The desk', address: email('desk@news.example') },
  listId: { id: 'morning.news.example', title: 'نشرة الصباح' },
  feedbackId: 'e1:morning:morning:nashra',
  oneClick: true,
  publicUrl: 'https://news.example',
  boundary: '=_nashra_e1',
}

function personal(values: Partial<letters.Personal> = {}): letters.Personal {
  const tokens = TOKENS
  return { to: email('reader@example.org'), messageId: 'e1.r1@news.example', date: AT, tokens, ...values }
}

function wire(rendered: letters.Rendered, values: Partial<letters.Personal> = {}): string {
  return letters.splice(letters.fix(rendered, shared), personal(values)).toString('latin1')
}

function parsed(source: string) {
  return simpleParser(Buffer.from(source, 'latin1'), {
    skipTextToHtml: true,
    skipHtmlToText: true,
    skipImageLinks: true,
    skipTextLinks: true,
  })
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '')
}

/** What a browser would read: markup stripped, entities decoded, and not one bracket or quote left over from a broken tag. */
function visible(html: string): string {
  const tag = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z:-]+(?:="[^"<>]*")?)*)\s*\/?>/gi
  const inner = html
    .replace(/<!doctype html>/i, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<style[^>]*>[\s\S]*?<\/style>/g, '')
  const open: string[] = []
  const text = inner.replace(tag, (whole, closing: string, name: string) => {
    if (closing) expect(`${name} closes ${open.pop()}`).toBe(`${name} closes ${name}`)
    else if (!/^(br|hr|img|meta)$/.test(name) && !whole.endsWith('/>')) open.push(name)
    return ''
  })
  expect(open).toEqual([])
  expect(text).not.toMatch(/[<>]/)
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
}

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

describe('a letter', () => {
  const long =
    'مسؤول تركي يحذر: أزمة المياه تهدد بحروب وهجرات كبرى وأزمات عالمية لا يعرف أحد مداها ولا كيف يمكن للعالم أن يتجنبها قريبًا'
  const full = (n: number) =>
    story({ title: `${n} ${long}`, excerpt: excerpt(long.repeat(3), 'ar'), url: `https://news.example/r/id${n}` })

  test('of 25 long Arabic stories and 30 headlines stays under 90 KB and loses nothing', async () => {
    const stories = Array.from({ length: 25 }, (_, n) => full(n))
    const headlines = Array.from({ length: 30 }, (_, n) => full(100 + n))
    const { html, text } = letters.renderEdition(letter({ stories, headlines }))
    expect(Buffer.byteLength(html)).toBeLessThan(90_000)
    for (const { title, url, excerpt } of stories) {
      expect(html).toContain(title)
      expect(html.split(excerpt).length).toBe(26)
      expect(text).toContain(`\n${url}\n`)
    }
    for (const { title } of headlines) expect(html).toContain(title)
    visible(letters.fill(html, {}))
  })

  test('that would be larger drops excerpts from the end, then stories into the count, and says how many there are', async () => {
    const stories = Array.from({ length: 25 }, (_, n) => ({
      ...full(n),
      title: `${n}: ${long.repeat(12)}`,
      excerpt: `${n}؛ ${long.repeat(9)}`,
    }))
    const { html, text } = letters.renderEdition(letter({ stories, headlines: [full(200)], more: 7 }))
    const weight = Buffer.byteLength(letters.fill(html, TOKENS).replaceAll('\n', '\r\n'))
    expect(weight).toBeLessThanOrEqual(90_000)
    expect(weight).toBeGreaterThan(85_000)
    expect(html).not.toContain('24؛')
    expect(html).toContain('>0: ')
    expect(html).toContain('33 خبرًا')
    expect(text).toContain('33 خبرًا')
    const named = stories.filter(({ title }) => html.includes(title)).length
    expect(stories.filter(({ title }) => text.includes(title))).toHaveLength(named)
    visible(letters.fill(html, {}))
  })

  test('that cannot fit even with one story is refused', async () => {
    const stories = [story({ title: 'ا'.repeat(60_000) })]
    expect(() => letters.renderEdition(letter({ stories }))).toThrow(
      expect.objectContaining({ code: 'letter-too-large' }),
    )
  })

  test('uses nothing that mail programs drop', async () => {
    const picture = { url: 'https://news.example/m/a-1200.jpg', width: 1200, height: 675, alt: 'ميناء' }
    const logo = { url: 'https://news.example/m/b-640.png', width: 640, height: 160 }
    const rendered = letters.renderEdition(
      letter({ stories: [story({ picture }), story()], paper: { ...paper, logo } }),
    )
    const notice = letters.renderNotice({
      kind: 'confirm',
      paper,
      list: { title: 'نشرة' },
      language: 'ar',
      publicUrl: paper.url,
    })
    for (const { html } of [rendered, notice]) {
      expect(html).not.toMatch(/<bdi|<svg|@font-face|@import|<link|fonts\.googleapis|<script|<form|<video|<iframe/i)
      expect(html).not.toMatch(
        /display:\s*(inline-)?(flex|grid)|[\s;"{]position:|float:|-inline-(start|end)|inset|var\(--|letter-spacing|italic/i,
      )
      expect(html).toContain('<meta name="color-scheme" content="light dark"')
      expect(html).toContain('<meta name="supported-color-schemes" content="light dark"')
      expect(html).toMatch(/div\[role='article'\] \{ background-color: #161513 !important/)
      for (const tag of html.match(/<[^>]+\scolor:|<[^>]+style="(?:[^"]*;)?color:[^>]*>/g) ?? [])
        if (!/mj-|<table|<div\s+style="font-family/.test(tag)) expect(tag).toMatch(/class="/)
    }
    expect(rendered.html.match(/<img[^>]*>/g)!.every((image) => / alt="[^"]+"/.test(image))).toBe(true)
  })

  test('shows the picture of its lead only, whole, and without one sets the lead larger', async () => {
    const picture = { url: 'https://news.example/m/a-1200.jpg', width: 1200, height: 675, alt: 'سفينة "راسية"' }
    const { html } = letters.renderEdition(letter({ stories: [story({ picture }), story({ picture })] }))
    expect(html.match(/<img/g)).toHaveLength(1)
    expect(html).toContain('width="560"')
    expect(html).toContain('alt="سفينة &#34;راسية&#34;"')
    const tall = letters.renderEdition(
      letter({ stories: [story({ picture: { ...picture, width: 900, height: 1200 } })] }),
    )
    expect(tall.html).toContain('width="315"')
    const none = letters.renderEdition(letter())
    expect(none.html).not.toContain('<img')
    expect(none.html).toContain('font-size:32px')
  })

  test('keeps the order it was given and names sections as dividers where they come in runs', async () => {
    const sections = ['أ', 'أ', 'ب', 'ب', 'ب', 'ج', 'ج']
    const runs = letters.renderEdition(
      letter({ stories: sections.map((section, n) => ({ ...full(n), section: `قسم ${section}` })) }),
    )
    expect(runs.html.match(/>قسم .</g)).toEqual(['>قسم أ<', '>قسم ب<', '>قسم ج<'])
    const mixed = ['أ', 'ب', 'أ', 'ب'].map((section, n) => ({ ...full(n), section: `قسم ${section}` }))
    const each = letters.renderEdition(letter({ stories: mixed }))
    expect(each.html.match(/>قسم .</g)).toHaveLength(4)
    for (const { html, text } of [runs, each])
      for (const source of [html, text])
        expect(source.match(/(?<=\/r\/)id\d/g)).toEqual([...source.match(/(?<=\/r\/)id\d/g)!].sort())
  })

  test('shows the next headlines beside the subject, the date in both calendars, and a way out at both ends', async () => {
    const { html, text, subject } = letters.renderEdition(letter({ stories: [story(), story({ title: 'عنوان ثانٍ' })] }))
    expect(subject).toBe('الاقتصاد التركي ينمو 3.7 بالمئة في الربع الثالث · 23/11/2026')
    expect(html).toMatch(/display:\s*none[^>]*>عنوان ثانٍ</)
    for (const source of [html, text])
      expect(source).toContain('الاثنين 23 تشرين\u00a0الثاني / نوفمبر 2026 · 13 جمادى الآخرة 1448')
    const [above, below] = html.split('<h1')
    for (const end of [above, below]) expect(end).toContain('إلغاء الاشتراك')
    expect(text).toContain('إلغاء الاشتراك')
    expect(below).toContain('تصلك هذه الرسالة لأنك مشترك في «نشرة الصباح» من تركيا الآن.')
    expect(below).toContain('شارع الاستقلال 12، إسطنبول')
  })

  test('shows a preview without anybody’s token', async () => {
    const { html } = letters.renderEdition(letter())
    expect(letters.fill(html, {})).toContain('href="https://news.example/unsubscribe/#"')
    expect(letters.fill(html, { unsubscribe: '"><script>' })).not.toContain('<script>')
    expect(letters.fill(html, {})).not.toMatch(/[\u0001\u0002]/)
  })
})

describe('a notice', () => {
  const notice = (values: Partial<letters.Notice> = {}): letters.Notice => ({
    kind: 'confirm',
    paper,
    list: { title: 'نشرة الصباح' },
    language: 'ar',
    publicUrl: 'https://news.example',
    ...values,
  })

  test('asks to confirm, says what silence means and how long the link lasts, and is no list mail', async () => {
    const rendered = letters.renderNotice(notice())
    const { listId, feedbackId, ...rest } = shared
    const fixed = letters.fix(rendered, { ...rest, oneClick: false })
    const source = letters.splice(fixed, personal({ tokens: { confirm: TOKEN } })).toString()
    const read = await parsed(source)
    expect(read.subject).toBe('أكّد اشتراكك في «نشرة الصباح»')
    for (const said of [String(read.html), read.text!]) {
      expect(said).toContain(`https://news.example/confirm/${TOKEN}`)
      expect(said).toContain('7 أيام')
      expect(said).toContain('لن يحدث شيء')
      expect(said).not.toContain('/unsubscribe/')
    }
    expect(source).not.toMatch(/^(List-|Feedback-ID)/m)
    expect(source).toMatch(/^Auto-Submitted: auto-generated/m)
    visible(String(read.html))
  })

  test('holds nothing that came with the request, not even inside its language', async () => {
    const rendered = letters.renderNotice(notice({ language: 'en-x-buy-pills' }))
    expect(JSON.stringify(rendered)).not.toContain('pills')
    const fixed = letters.fix(rendered, { ...shared, oneClick: false, language: 'en-x-buy-pills' })
    expect(letters.splice(fixed, personal({ tokens: { confirm: TOKEN } })).toString()).not.toContain('pills')
    expect(rendered.html).toMatch(/<html lang="en" dir="ltr"/)
  })

  test('of welcome tells the way out', async () => {
    for (const language of ['ar', 'en', 'tr']) {
      const rendered = letters.renderNotice(notice({ kind: 'welcome', language }))
      const source = wire(rendered)
      const read = await parsed(source)
      for (const said of [String(read.html), read.text!])
        for (const way of [`unsubscribe/${TOKEN}`, `preferences/${PREFERENCES}`])
          expect(said).toContain(`https://news.example/${way}`)
      expect(source).toMatch(/^List-Unsubscribe-Post: /m)
    }
  })
})

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** A letter as it goes to the relay: signed. */
async function signed(rendered: letters.Rendered, from: Partial<letters.Shared> = {}): Promise<Buffer> {
  const fixed = letters.fix(rendered, { ...shared, ...from })
  const letter = letters.spliced(fixed, personal())
  const signer = { domain: 'news.example', selector: 'n202611', key: keys.privateKey }
  const signature = await dkim.signature(signer, letter.head, letters.bodyHash(fixed, letter), 1_764_000_000)
  return Buffer.concat([Buffer.from(signature + letter.head, 'latin1'), ...letter.body])
}

describe('a signed letter, whatever it is made of,', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 1500 }),
    fc.constantFrom(
      'x\r\nBcc: evil@evil.example',
      'x\n.\r\n',
      '\r',
      '=?UTF-8?B?DQpCY2M6?=',
      '"; x',
      '\u0001unsubscribe\u0002',
      '.',
    ),
  )
  const HEAD =
    'DKIM-Signature From Reply-To To Date Message-ID List-Unsubscribe List-Unsubscribe-Post Subject MIME-Version Content-Language List-Id Feedback-ID Auto-Submitted X-Auto-Response-Suppress Content-Type'

  test('has the headers that we gave it and no other, no bare CR or LF, no line over 998, and verifies', async () => {
    let made = 0
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, hostile, async (subject, name, title, body) => {
        const text = `${body.replace(/[^\P{Cc}\n]/gu, '')}\n\u0001unsubscribe\u0002\n`
        let letter: Buffer
        try {
          const from = { name, address: email('news@news.example') }
          const html = `<p>${text}</p>`
          letter = await signed({ subject, html, text }, { from, listId: { id: 'a.news.example', title } })
        } catch (error) {
          expect((error as Error).message).toMatch(/control character|is no header/)
          return
        }
        made++
        const source = letter.toString('latin1')
        expect(source.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
        expect(Math.max(...source.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998)
        expect(source).not.toMatch(/(^|\r\n)\./)
        const head = source.slice(0, source.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ')
        const names = head.split('\r\n').map((line) => line.slice(0, line.indexOf(':')))
        expect(names.filter((one) => one !== 'Content-Language').join(' ')).toBe(HEAD.replace('Content-Language ', ''))
        expect(verified(letter, keys.publicKey)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
    expect(made).toBeGreaterThan(30)
  }, 60_000)

  test('goes to no address but one of our narrow grammar', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          fc.emailAddress().map((address) => `${address}\r\nBcc: x@y.example`),
        ),
        (to) => {
          expect(() =>
            letters.splice(letters.fix({ subject: 'x', html: '', text: 'x\n' }, shared), personal({ to: to as Email })),
          ).toThrow()
        },
      ),
    )
  })
})

const spamassassin = has('spamassassin')
test.skipIf(!spamassassin)(
  `a signed letter is no spam${spamassassin ? '' : ' (skipped: no spamassassin here)'}`,
  async () => {
    const picture = { url: 'https://news.example/m/a-1200.jpg', width: 1200, height: 675, alt: 'ميناء' }
    const rendered = letters.renderEdition(letter({ stories: [story({ picture }), story(), story()] }))
    const report = execFileSync('spamassassin', ['-L', '-t'], {
      input: await signed(rendered),
      stdio: 'pipe',
    })
    const score = Number(/\((-?[\d.]+) points/.exec(report.toString())![1])
    expect(score, report.toString()).toBeLessThan(1)
  },
  60_000,
)

function has(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
