import { describe, expect, test } from 'vitest'
import * as letters from '../src/letters/index.ts'
import { excerpt } from '../src/text.ts'
import { letter, PREFERENCES, paper, parsed, personal, shared, story, TOKEN, TOKENS, visible, wire } from './letter.ts'

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
