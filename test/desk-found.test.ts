import { expect, test } from 'vitest'
import * as dkim from '../src/dkim/index.ts'
import * as doctor from '../src/doctor/index.ts'
import { foundIn } from '../src/web/desk/settings-found.ts'
import { openDns } from './dns.ts'
import { openWorld } from './world.ts'

const NOW = '2026-12-01T08:00:00Z'

test('what DNS says of the paper’s domain is told in each language, the record to publish with it', async () => {
  await using world = await openWorld('sqlite', NOW)
  const key = await dkim.add(world, 'cli', { domain: 'news.example' })
  const { name, text } = dkim.record(key)
  const codes = async (zone: Parameters<typeof openDns>[0], manner = {}) => {
    await using dns = await openDns(zone, manner)
    return (await doctor.records(world, dns)).map(({ code }) => code)
  }
  expect(await codes({})).toEqual(['dkim-signs', 'dkim-none', 'spf-none', 'dmarc-none', 'mx-none'])
  expect(
    await codes({
      'news.example': { TXT: ['v=spf1 -all'], MX: ['mx.news.example'] },
      '_dmarc.news.example': { TXT: ['v=DMARC1; p=none'] },
      [name.toLowerCase()]: { TXT: [text] },
    }),
  ).toEqual(['dkim-signs', 'dkim-ok', 'spf-ok', 'dmarc-ok', 'mx-ok'])
  expect(
    await codes({
      'news.example': { TXT: ['v=spf1 -all', 'v=spf1 ~all'] },
      '_dmarc.news.example': { TXT: ['v=DMARC1;'] },
      [name.toLowerCase()]: { TXT: ['v=DKIM1; p=AAAA'] },
    }),
  ).toEqual(['dkim-signs', 'dkim-other', 'spf-several', 'dmarc-bare', 'mx-none'])
  expect(await codes({ 'news.example': { TXT: ['v=spf1 +all'] } })).toContain('spf-open')
  expect(new Set((await codes({}, { mute: true })).slice(1))).toEqual(new Set(['unknown']))

  await using dns = await openDns({})
  const findings = await doctor.records(world, dns)
  for (const [language, words] of [
    ['ar', 'لا شيء عند \u2066n202612._domainkey.news.example\u2069.'],
    ['en', 'There is nothing at \u2066n202612._domainkey.news.example\u2069.'],
    ['tr', '\u2066n202612._domainkey.news.example\u2069 adında bir şey yok.'],
  ] as const) {
    const page = String(await foundIn(language, findings))
    expect(page).toContain(words)
    expect(page).toContain('<code dir="ltr">v=DMARC1; p=none; rua=mailto:postmaster@news.example</code>')
    expect(page).not.toMatch(/undefined|…/)
  }
})
