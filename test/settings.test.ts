import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { duration } from '../src/duration.ts'
import { sentence } from '../src/locale.ts'
import { Problem } from '../src/problem.ts'

describe('settings', () => {
  test.each([
    ['NASHRA_RETRY', 'x', /NASHRA_RETRY: «x» is not a pause like 90s, 5m or 48h/],
    ['NASHRA_RETRY', '1m,', /NASHRA_RETRY: «» is not a pause/],
    ['NASHRA_RETRY', '99999999999999d', /NASHRA_RETRY: «99999999999999d» is not a pause .* 3650d/],
    ['NASHRA_FROM', 'bad', /NASHRA_FROM: give a sender like News <news@paper\.example>/],
    ['NASHRA_SMTP', 'smtp://u:p%zz@h:1', /NASHRA_SMTP: .*%25/],
    ['NASHRA_SMTP', 'smtp://h:1?sign=false', /NASHRA_SMTP: sign= is yes or no/],
    ['NASHRA_SMTP', 'smtp://u:25?sign=no@h:25', /NASHRA_SMTP: .*%3F/],
    ['NASHRA_SMTP', 'smtp://u%zz:secret@h:1', /NASHRA_SMTP: .*%25/],
    ['NASHRA_URL', 'https://x.example/news', /NASHRA_URL: .*\/news.* root of a host name of its own/],
    ['NASHRA_URL', 'https://x.example/news/', /NASHRA_URL: .* root of a host name of its own/],
    ['NASHRA_URL', 'ftp://x.example', /NASHRA_URL: give the public address/],
    ['NASHRA_PORT', 'many', /NASHRA_PORT: «many» is not a whole number/],
    ['NASHRA_INBOUND', 'imaps://u:sec@ret/zz@h/INBOX', /NASHRA_INBOUND: a mailbox is imaps:.* %40 %3A %2F %3F %23 %25/],
    ['NASHRA_INBOUND', 'imaps://u:sec/ret@h/INBOX', /NASHRA_INBOUND: a mailbox is imaps:.* %40 %3A %2F %3F %23 %25/],
    ['NASHRA_INBOUND', 'imaps://u:sec#ret@h/INBOX', /NASHRA_INBOUND: a mailbox is imaps:/],
    ['NASHRA_INBOUND', 'imaps://u:sec?ret@h/INBOX', /NASHRA_INBOUND: a mailbox is imaps:/],
    ['NASHRA_INBOUND', 'imaps://u:p%zz@h/INBOX', /NASHRA_INBOUND: .*%25/],
    ['NASHRA_INBOUND', 'imaps://u@h/INBOX', /NASHRA_INBOUND: a mailbox is imaps:/],
    ['NASHRA_INBOUND', 'imaps://h/INBOX', /NASHRA_INBOUND: a mailbox is imaps:/],
    ['NASHRA_INBOUND', 'imaps://u:secret@h/INBOX?folder=x', /NASHRA_INBOUND: a mailbox is imaps:/],
    ['NASHRA_INBOUND', 'imap://u:secret@mail.example/INBOX', /NASHRA_INBOUND: imap:\/\/ .* unencrypted.* use imaps/],
    ['NASHRA_INBOUND', 'imaps://u:secret@h/INBOX.nashra', /NASHRA_INBOUND: .* name another to read from/],
    ['NASHRA_INBOUND', 'imaps://u:secret@h/a%0Ab', /NASHRA_INBOUND: .* control character/],
    ['NASHRA_INBOUND', 'pop3://u:secret@h', /NASHRA_INBOUND: mail comes in at lmtp.* imaps:\/\/user/],
    ['NASHRA_INBOUND', 'lmtp://127.0.0.1', /NASHRA_INBOUND: mail comes in at lmtp/],
    ['NASHRA_INBOUND', 'lmtp://127.0.0.1:2424/x', /NASHRA_INBOUND: mail comes in at lmtp/],
    ['NASHRA_INBOUND', 'lmtp://127.0.0.1:2424?domian=x', /NASHRA_INBOUND: mail comes in at lmtp/],
    ['NASHRA_INBOUND', 'lmtp://127.0.0.1:2424?domain=x', /NASHRA_INBOUND: «x» is not a domain/],
    ['NASHRA_DATABASE', 'mysql://x', /NASHRA_DATABASE: give a file path/],
  ])('%s=%s is refused in words', (name, value, words) => {
    const said = refusal({ [name]: value })
    expect(said).toMatch(words)
    expect(said).not.toMatch(/secret|sec@|ret[/@]|%zz|duration-|bad-/)
  })

  test('all mistakes are named at once', () => {
    const said = refusal({ NASHRA_RETRY: 'x', NASHRA_FROM: 'bad', NASHRA_SMTP: 'smtp://u:p%zz@h:1', NASHRA_URL: 'x' })
    for (const name of ['NASHRA_RETRY', 'NASHRA_FROM', 'NASHRA_SMTP', 'NASHRA_URL']) expect(said).toContain(name)
  })

  test('the public address is kept without its last slash', () => {
    expect(readConfig({ NASHRA_URL: 'https://x.example/' }).url).toBe('https://x.example')
    expect(readConfig({ NASHRA_URL: 'http://x.example:8080' }).url).toBe('http://x.example:8080')
  })
})

test('mail comes in at the places that are given', () => {
  expect(
    readConfig({ NASHRA_INBOUND: 'lmtp://127.0.0.1:2424?domain=Bounces.Paper.example smtp://[::1]:25' }).inbound,
  ).toEqual([
    { protocol: 'lmtp', host: '127.0.0.1', port: 2424, domain: 'bounces.paper.example' },
    { protocol: 'smtp', host: '::1', port: 25 },
  ])
})

test('mail comes in from a mailbox, its password unescaped', () => {
  const { inbound } = readConfig({
    NASHRA_INBOUND:
      'imaps://b%40paper.example:p%40%2F%25@mail.example/Bounces%20and%20more?domain=paper.example imap://u:p@[::1]:1143',
  })
  expect(inbound).toEqual([
    {
      ...{ protocol: 'imaps', host: 'mail.example', port: 993, user: 'b@paper.example', password: 'p@/%' },
      ...{ folder: 'Bounces and more', domain: 'paper.example' },
    },
    { protocol: 'imap', host: '::1', port: 1143, user: 'u', password: 'p', folder: 'INBOX' },
  ])
})

describe('a duration', () => {
  test('is milliseconds, whole ones', () => {
    expect(duration('1h30m')).toBe(5_400_000)
    expect(duration('1.1m')).toBe(66_000)
    expect(duration('0.4ms')).toBe(0)
    expect(duration('3650d')).toBe(315_360_000_000)
  })

  test('is refused when nobody could mean it', () => {
    for (const text of ['3651d', '99999999999999d', `${'9'.repeat(400)}d`])
      expect(() => duration(text)).toThrow(expect.objectContaining({ code: 'duration-too-long' }))
  })

  test('is a whole number or a Problem, whatever is typed', () => {
    const typed = fc.string({ unit: fc.constantFrom('1', '9', '0', '.', 'd', 'h', 'm', 's', ' ', '-', 'e') })
    fc.assert(
      fc.property(typed, (text) => {
        try {
          expect(Number.isSafeInteger(duration(text))).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(Problem)
        }
      }),
    )
  })
})

function refusal(environment: Record<string, string>): string {
  try {
    readConfig(environment)
  } catch (error) {
    return sentence('en', error as Problem)
  }
  throw new Error('it was accepted')
}
