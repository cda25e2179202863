import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openFinder, type Piece } from '../src/marks.ts'
import { fold, searchWords } from '../src/text.ts'

const hostile = fc
  .array(fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom('إدلب', 'بإدلِب', ' ', '\u200d', '\u064b', '👩‍🚒', '\u0600', '1️⃣', '北京', 'ﷺ', '\u00ad', 'é', 'अनु', '<', '&amp;')), { maxLength: 20 }) // biome-ignore format: one list
  .map((all) => all.join(''))

describe('the words that were looked for', () => {
  test.each([
    ['ادلب', 'قصف «إدلب» وبإدلِب وإدلبي', ['إدلب', 'وبإدلِب', 'وإدلبي']],
    ['الاقتصاد', 'للاقتصاد واقتصادها', ['للاقتصاد', 'واقتصادها']],
    ['isik', 'IŞIK, ışıklı; I-Sık', ['IŞIK', 'ışıklı']],
    ['٢٠٢٥', 'عام 2025م', ['2025م']],
    ['بحر', 'البـــَحر', ['البـــَحر']],
    ['soft', 'so\u00adft', ['so\u00adft']],
    ['北京', '我在北京的', ['北京']],
    ['x', 'nothing', []],
  ])('%s is marked in «%s»', (query, text, expected) => {
    expect(marksIn(openFinder(searchWords(query)).pieces(text))).toEqual(expected)
  })

  test('are marked without a letter lost or a grapheme cut, whatever the text', () => {
    const graphemes = new Intl.Segmenter('ar', { granularity: 'grapheme' })
    fc.assert(
      fc.property(hostile, fc.constantFrom('ادلب', 'ا', '1', 'e', '北'), (text, query) => {
        const pieces = openFinder(searchWords(query)).pieces(text)
        expect(pieces.map((piece) => piece.text).join('')).toBe(text)
        const starts = new Set([...graphemes.segment(text)].map(({ index }) => index))
        let at = 0
        for (const piece of pieces) {
          expect(starts).toContain(at)
          at += piece.text.length
        }
      }),
    )
  })

  test('are marked wherever the text as a whole holds them between spaces', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('إدلب', 'بإدلِب', 'كلام', '،', 'Işık', '٢٠'), { maxLength: 12 }), (words) => {
        const marked = marksIn(openFinder(searchWords('ادلب')).pieces(words.join(' ')))
        expect(marked).toEqual(words.filter((word) => fold(word).includes('ادلب')))
      }),
    )
  })
})

describe('a snippet', () => {
  test('stands around the first word that was looked for, as plain text', () => {
    const html = `<p title="إدلب">${'قبل '.repeat(20)}</p><p>في <b>إدلب</b> &amp; &lt;غيرها&gt; ${'بعد '.repeat(40)}</p>`
    const snippet = openFinder(['ادلب']).snippet(html)!
    expect(snippet).toMatch(/^… قبل قبل قبل قبل قبل في إدلب & <غيرها> بعد/)
    expect(snippet.split(' ').length).toBeLessThan(35)
    expect(snippet.endsWith('بعد…')).toBe(true)
  })

  test('is the whole of a short text, and none where nothing was found', () => {
    expect(openFinder(['ادلب']).snippet('<p>إدلب هنا.</p>')).toBe('إدلب هنا.')
    expect(openFinder(['ادلب']).snippet('<p>لا شيء</p>')).toBe(undefined)
    expect(openFinder(['ادلب']).snippet('<p')).toBe(undefined)
  })

  test('takes no longer than it may for a body of any size', () => {
    const html = `<p>${'<b>كلام</b> &lt;'.repeat(100_000)}</p>`
    const from = performance.now()
    expect(openFinder(['ادلب']).snippet(html)).toBe(undefined)
    expect(performance.now() - from).toBeLessThan(500)
  })
})

test('texts hold all words together or not', () => {
  const finder = openFinder(searchWords('ادلب قصف'))
  expect(finder.holdAll(['قصف', 'على إدلب'])).toBe(true)
  expect(finder.holdAll(['قصف', ''])).toBe(false)
})

function marksIn(pieces: Piece[]): string[] {
  return pieces.filter((piece) => piece.matched).map((piece) => piece.text)
}
