import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clean, excerpt, fold, httpUrl, oneLine, plain, searchWords, slug, wellFormed } from '../src/text.ts'

describe('an excerpt', () => {
  test('is the first 15 words with … glued on, also after a full stop', () => {
    const words = 'وصلت السفينة إلى المرفأ صباح اليوم وعلى متنها ركاب من خمس مدن ساحلية.. في البحر. ثم غادرت'
    expect(excerpt(words, 'ar')).toBe(
      'وصلت السفينة إلى المرفأ صباح اليوم وعلى متنها ركاب من خمس مدن ساحلية.. في البحر.…',
    )
  })

  test('is the whole text when there are no more than 15 words', () => {
    expect(excerpt('Kısa bir haber.', 'tr')).toBe('Kısa bir haber.')
    expect(excerpt(Array(15).fill('كلمة').join(' '), 'ar')).toBe(Array(15).fill('كلمة').join(' '))
  })

  test('drops a separator or a lone و at the cut', () => {
    expect(excerpt('واحد اثنان ثلاثة، أربعة', 'ar', 3)).toBe('واحد اثنان ثلاثة…')
    expect(excerpt('تركيا و إيران', 'ar', 2)).toBe('تركيا…')
  })

  test('counts words where a script has no spaces', () => {
    const text = '東京都は今日、新しい図書館を公開した。'.repeat(12)
    const short = excerpt(text, 'ja')
    expect(short.length).toBeLessThan(text.length / 2)
    expect(text.startsWith(short.slice(0, -1))).toBe(true)
  })

  test('never begins or ends inside a grapheme, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const short = excerpt(text, 'ar', 5).replace(/…$/, '')
        return short
          .split(/\s+/)
          .filter(Boolean)
          .every((word) => text.includes(word))
      }),
    )
  })
})

describe('what search compares', () => {
  test.each([
    ['إدلب', 'ادلب'],
    ['أردوغان', 'اردوغان'],
    ['حذّر', 'حذر'],
    ['مدرسة', 'مدرسه'],
    ['مستشفى', 'مستشفي'],
    ['کتاب', 'كتاب'],
    ['الـــبحر', 'البحر'],
    ['٢٠٢٥', '2025'],
    ['İSTANBUL', 'istanbul'],
    ['ışık', 'isik'],
    ['Çağrı', 'cagri'],
    ['naïve', 'NAIVE'],
    ['ŁÓDŹ', 'lodz'],
    ['Øresund ǿ', 'oresund o'],
    ['STRAẞE', 'strasse'],
  ])('takes %s for %s', (one, other) => {
    expect(fold(one)).toBe(fold(other))
  })

  test('is the same when folded twice', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => fold(fold(text)) === fold(text)))
    for (let point = 0; point < 0x11000; point++) {
      const letter = String.fromCodePoint(point)
      expect([letter, fold(fold(letter))]).toEqual([letter, fold(letter)])
    }
  })

  test('leaves the prefixes of Arabic words behind', () => {
    expect(searchWords('والمدينة بالقطار الليل')).toEqual(['مدينه', 'قطار', 'ليل'])
  })
})

describe('foreign HTML', () => {
  test('loses scripts, handlers, strange links and pictures without an address', () => {
    const hostile =
      '<p onclick="x()">a<script>alert(1)</script><a href="javascript:alert(1)">b</a><img src="/local.png"><img src="data:x"></p><style>*{}</style><svg><script>1</script></svg>'
    expect(clean(hostile)).toBe('<p>a<a>b</a></p>')
  })

  test('keeps what an article needs, its addresses made absolute', () => {
    expect(
      clean('<h1>T</h1><p dir="rtl">x <a href="b?c=1">y</a></p><img src="p.png" alt="م">', 'https://n.example/a/'),
    ).toBe(
      '<h2>T</h2><p dir="rtl">x <a href="https://n.example/a/b?c=1">y</a></p><img alt="م" src="https://n.example/a/p.png" />',
    )
  })

  test('gets paragraphs where it has no blocks', () => {
    expect(clean('واحد\n\nاثنان')).toBe('<p>واحد</p>\n<p>اثنان</p>')
  })

  test('holds no script, handler or foreign scheme, whatever comes in, and cleaning twice changes nothing', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      'script',
      'onerror=',
      '<img src=',
      'javascript:',
      '<a href=',
      'data:',
      '<!--',
      '-->',
      '<svg>',
      '</',
      ' ',
      'x',
      '<p>',
      '<![CDATA[',
      ']]>',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const once = clean(pieces.join(''))
        expect(once).not.toMatch(/<(?:script|svg|style)|<[^>]*\son\w+=|(?:href|src)="(?!https?:|mailto:)/i)
        expect(clean(once)).toBe(once)
      }),
      { numRuns: 500 },
    )
  })
})

test('text is what XML and both databases can hold', () => {
  expect(wellFormed('a\u0000b\u0008c\ud800d\ufffee\u{1f4f0}\u0001')).toBe('abcde\u{1f4f0}')
  expect(oneLine(' أ\u202eب\nج\u2066 ')).toBe('أب ج')
})

test('a slug is at most 60 letters, cut at a word, of any script', () => {
  expect(slug('قطار سريع يصل “أنقرة” بإسطنبول!')).toBe('قطار-سريع-يصل-أنقرة-بإسطنبول')
  expect([...slug('كلمة '.repeat(40))].length).toBeLessThanOrEqual(60)
  expect(slug('İSTANBUL’da')).toBe('istanbul-da')
  expect(slug('!!!')).toBe('')
})

test('an address is http(s) without credentials, or nothing', () => {
  expect(httpUrl('https://n.example/خبر')).toBe('https://n.example/%D8%AE%D8%A8%D8%B1')
  for (const bad of ['javascript:alert(1)', '//n.example', '/a', 'ftp://x', 'https://u:p@n.example', 'https://'])
    expect(httpUrl(bad)).toBeUndefined()
})

test('the text of HTML has no tags, links or captions', () => {
  expect(
    plain(
      '<h2>عنوان</h2><p>نص <a href="https://x.example">رابط</a></p><figure><img src="https://x.example/a.png" alt="x"><figcaption>c</figcaption></figure>',
    ),
  ).toBe('عنوان\n\nنص رابط')
})

test('the cells of a table and the terms of a list are words of their own', () => {
  const table = '<table><tr><th>City</th><td>5,200</td></tr><tr><th>Ankara</th><td>4,100</td></tr></table>'
  expect(plain(clean(table)).split(/\s+/)).toEqual(['City', '5,200', 'Ankara', '4,100'])
  expect(plain(clean('six<dl><dt>a</dt><dd>b</dd></dl>')).split(/\s+/)).toEqual(['six', 'a', 'b'])
})

test('a list is its words, without the bullets and numbers that a browser draws', () => {
  expect(plain('<p>أنواع القمح:</p><ul><li>قاس</li><li>طري</li></ul><ol><li>أول</li></ol>').split(/\s+/)).toEqual(
    'أنواع القمح: قاس طري أول'.split(' '),
  )
})
