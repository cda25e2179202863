import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import * as reading from '../src/reading/index.ts'
import { encode } from './encode.ts'
import { origin } from './origin.ts'

afterAll(reading.close)

const ARABIC = ['المجلس المحلي يعلن افتتاح الطريق الدولي', 'الليرة تستعيد بعض قيمتها أمام الدولار']
const TURKISH = ["Şırnak'ta ilk kar yağışı çocukları güldürdü"]

describe('a feed is decoded as what it is', () => {
  const files: [string, string, string][] = [
    ['windows-1256', 'windows-1256', 'its XML declaration says so'],
    ['windows-1256-undeclared', 'windows-1256', 'its letters are Arabic ones'],
    ['windows-1256-as-utf-8', 'windows-1256', 'its letters are Arabic ones'],
    ['windows-1256-as-latin', 'windows-1256', 'its XML declaration says windows-1252, but its letters are Arabic ones'],
    ['iso-8859-6', 'iso-8859-6', 'its XML declaration says so'],
    ['iso-8859-6-as-latin', 'iso-8859-6', 'its XML declaration says windows-1252, but its letters are Arabic ones'],
    ['utf-8-as-windows-1256', 'utf-8', 'all of it is UTF-8, although its XML declaration says windows-1256'],
    ['utf-8-marked', 'utf-8', 'it begins with a byte order mark'],
    ['utf-16le-marked', 'utf-16le', 'it begins with a byte order mark'],
    ['utf-16be-marked', 'utf-16be', 'it begins with a byte order mark'],
    ['utf-16le', 'utf-16le', 'every other byte of its beginning is zero'],
    ['utf-16be', 'utf-16be', 'every other byte of its beginning is zero'],
  ]
  test.each(files)('%s', async (file, name, why) => {
    const document = await reading.read(fixture(file), origin())
    expect(document.items.map(({ title }) => title)).toEqual(ARABIC)
    expect(document.items.map(({ published_at }) => new Date(published_at!).toISOString())).toEqual([
      '2025-12-04T12:30:00.000Z',
      '2025-12-03T06:05:00.000Z',
    ])
    expect(document.title).toBe('صحيفة المثال')
    expect(document.notes.charset).toEqual({ name, why })
  })

  test.each([
    ['windows-1254', 'its XML declaration says so'],
    ['iso-8859-9', 'its XML declaration says so'],
    ['windows-1254-as-latin', 'its XML declaration says windows-1252, but its language is tr'],
    ['windows-1254-undeclared', 'its language is tr'],
  ])('%s', async (file, why) => {
    const document = await reading.read(fixture(file), origin({ language: 'tr' }))
    expect(document.items.map(({ title }) => title)).toEqual(TURKISH)
    expect(document.items[0]!.published_at).toBe(Date.parse('2025-12-04T11:30:00Z'))
    expect(document.notes.charset).toEqual({ name: 'windows-1254', why })
  })

  test('the language of the document counts where the editor set none', async () => {
    const { language: _, ...nothing } = origin()
    const turkish = await reading.read(fixture('windows-1254-undeclared'), nothing)
    expect(turkish.items.map(({ title }) => title)).toEqual(TURKISH)
  })
})

describe('what is said about a charset', () => {
  const feed = (title: string) => `<rss version="2.0"><channel><item><title>${title}</title></item></channel></rss>`

  test('a Content-Type counts where the document says nothing', async () => {
    const cyrillic = encode(feed('Сегодня в столице'), 'windows-1251')
    const document = await reading.read(cyrillic, origin({ contentType: 'text/xml; charset=windows-1251' }))
    expect(document.items[0]!.title).toBe('Сегодня в столице')
  })

  test('a Content-Type of Latin, which servers add to everything, does not win over the document', async () => {
    const document = await reading.read(
      fixture('windows-1256'),
      origin({ contentType: 'text/xml; charset=iso-8859-1' }),
    )
    expect(document.items.map(({ title }) => title)).toEqual(ARABIC)
  })

  test('the editor wins over all but a byte order mark', async () => {
    const bytes = encode(feed('ميناء'), 'windows-1256')
    const set = await reading.read(
      bytes,
      origin({ charset: 'windows-1256', contentType: 'text/xml; charset=windows-1251' }),
    )
    expect(set.items[0]!.title).toBe('ميناء')
    expect(set.notes.charset.why).toBe('it is set for this source')
    const marked = await reading.read(fixture('utf-8-marked'), origin({ charset: 'windows-1256' }))
    expect(marked.items[0]!.title).toBe(ARABIC[0])
  })

  test('a few bad bytes cost themselves and not the whole text', async () => {
    const bytes = Buffer.concat([Buffer.from('<rss version="2.0"><channel><item><title>خبر من '), Buffer.from([0xff, 0xc7]), Buffer.from(' المدينة القديمة</title></item></channel></rss>')]) // biome-ignore format: one document
    const document = await reading.read(bytes, origin({ contentType: 'text/xml; charset=windows-1256' }))
    expect(document.items[0]!.title).toBe('خبر من \ufffd\ufffd المدينة القديمة')
    expect(document.notes.mended).toEqual(['2 places are not UTF-8 and show as \ufffd'])
  })

  test('a charset that nobody knows is as if it had not been said', async () => {
    const odd = '<?xml version="1.0" encoding="x-martian"?>' + feed('خبر')
    expect((await reading.read(Buffer.from(odd), origin({ charset: 'klingon' }))).items[0]!.title).toBe('خبر')
  })
})

function fixture(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'feeds', `${name}.xml`))
}
