import { describe, expect, test } from 'vitest'
import { lint } from '../src/letters/index.ts'

const HEAD =
  'From: "Paper" <paper@news.example>\r\nTo: a@example.org\r\nList-Unsubscribe: <https://news.example/unsubscribe/x>\r\n\r\n'
const LEAVE = '<p><a href="https://news.example/unsubscribe/x">Leave this list</a></p>'

/** What is found in a letter of this HTML, by kind. */
function found(
  html: string,
  { head = HEAD, text = 'https://news.example/unsubscribe/x', postalAddress = 'Street 1' } = {},
) {
  const findings = lint({ source: head, html, text }, { postalAddress })
  return Object.fromEntries(findings.map(({ about, n, examples }) => [about, [n, ...examples]]))
}

describe('what a mail reader would stumble over', () => {
  test('nothing, where all is well', () => {
    const html = `<html dir="rtl"><body><p style="color:#1d1b18">خبر من المدينة <a href="https://news.example/r/x">اقرأ المزيد</a></p><p dir="ltr">A story in English</p><img src="x.png" alt="جسر">${LEAVE.replace('<p>', '<p dir="ltr">')}</body></html>`
    expect(found(html)).toEqual({})
  })

  test('a letter that Gmail clips, and one that is just small enough', () => {
    const filled = (bytes: number) => LEAVE + ' '.repeat(bytes - LEAVE.length)
    expect(found(filled(102 * 1024))).toEqual({})
    expect(found(filled(102 * 1024 + 1))).toEqual({ size: [1, '104449'] })
  })

  test('pictures without words, text that cannot be read, also where the ground is inherited', () => {
    const html = `<div style="background-color:#222"><table><tr><td style="color:#333333">too dark</td><td style="color:#fff">fine</td></tr></table></div><img src="a.png"><img src="b.png" alt=" "><p style="display:none;color:#fff">unseen</p>${LEAVE}`
    expect(found(html)).toEqual({ contrast: [1, 'too dark'], alt: [2, 'a.png', 'b.png'] })
  })

  test('links that lead nowhere', () => {
    const links = [
      '/r/x',
      'news.example',
      '',
      'javascript:alert(1)',
      ' JavaScript:alert(1)',
      'data:text/html,x',
      'http://localhost:3000/r/x',
      'https://127.0.0.1/',
      'http://[::1]/',
      'http://192.168.1.4/',
      'https://news.example/?a=1&amp;b=2',
      'mailto:a@example.org',
    ]
    const html = links.map((href) => `<a href="${href}">read this</a>`).join(' ') + LEAVE
    expect(found(html)).toEqual({
      'link-bare': [3, '/r/x', 'news.example', '—'],
      'link-kind': [3, 'javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x'],
      'link-local': [4, 'http://localhost:3000/r/x', 'https://127.0.0.1/', 'http://[::1]/'],
    })
  })

  test('a paragraph against its script; not a name inside it that is set apart', () => {
    const html = `<div dir="rtl"><p>An English headline</p><p>خبر عن <span dir="ltr">The Long English Name of It</span></p></div><div dir="ltr"><h2>خبر من المدينة القديمة</h2></div>${LEAVE}`
    expect(found(html)).toEqual({ direction: [2, 'An English headline', 'خبر من المدينة القديمة'] })
  })

  test('nobody who sends it, no address, no way to leave', () => {
    expect(found('<p>x</p>', { head: 'To: a@example.org\r\n\r\n', postalAddress: ' ', text: 'x' })).toEqual({
      ...{ sender: [1, ''], address: [1, ''], leave: [1, ''] },
    })
  })

  test('a hostile letter is read in time', () => {
    const began = performance.now()
    for (const html of [
      '<a "'.repeat(20_000),
      '<div>'.repeat(20_000),
      '<!--'.repeat(20_000),
      '<p style=";;;;">x'.repeat(9000),
      `<a href="${'&#x41'.repeat(20_000)}">`,
    ])
      found(html)
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
