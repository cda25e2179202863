import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Email, email } from '../src/address.ts'
import * as dkim from '../src/dkim/index.ts'
import { verified } from '../src/dkim/verification.ts'
import * as letters from '../src/letters/index.ts'
import { letter, personal, shared, story } from './letter.ts'

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
