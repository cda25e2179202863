import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as subscribers from '../src/subscribers/index.ts'
import { encode } from './encode.ts'
import { databases, openWorld, type World } from './world.ts'
import { zipOf } from './zip.ts'

const NOW = '2026-11-23T04:10:00Z'
const ARABIC = 'البريد الإلكتروني;الاسم\r\nali@example.org;علي حسن\r\nleyla@example.org;ليلى خوري\r\n'

describe.each(databases)('a table of readers on %s', (kind) => {
  async function open(): Promise<World> {
    const world = await openWorld(kind, NOW)
    await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar' })
    return world
  }

  test.each([
    ['UTF-8', Buffer.from(ARABIC)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${ARABIC}`)],
    ['UTF-16LE with its mark', encode(`\ufeff${ARABIC}`, 'utf-16le')],
    ['UTF-16BE with its mark', encode(`\ufeff${ARABIC}`, 'utf-16be')],
    ['UTF-16LE without', encode(ARABIC, 'utf-16le')],
    ['windows-1256', encode(ARABIC, 'windows-1256')],
    ['CR only', Buffer.from(ARABIC.replaceAll('\r\n', '\r'))],
    ['LF only', Buffer.from(ARABIC.replaceAll('\r\n', '\n'))],
    ['tabs', Buffer.from(ARABIC.replaceAll(';', '\t'))],
    ['upright bars', Buffer.from(ARABIC.replaceAll(';', '|'))],
    ['commas and quotation marks', Buffer.from(ARABIC.replace(/[^;\r\n]+/g, '"$&"').replaceAll(';', ','))],
    ["Excel's sep=", Buffer.from(`sep=;\r\n${ARABIC}`)],
  ])('is understood in %s', async (_, bytes) => {
    await using world = await open()
    for (const size of [bytes.length, 7]) {
      const done = await load(world, pieces(bytes, size))
      expect(done).toMatchObject({ refused: false, rejected: [] })
      expect(await names(world)).toEqual({ 'ali@example.org': 'علي حسن', 'leyla@example.org': 'ليلى خوري' })
    }
  })

  test('its charset is told by its first letter beyond ASCII, however far down that stands', async () => {
    await using world = await open()
    const rows = Array.from({ length: 5000 }, (_, n) => `r${n}@example.org,Reader ${n}\n`).join('')
    const last = encode('hasan@example.org,حسن علي\n', 'windows-1256')
    const done = await load(world, pieces(Buffer.concat([Buffer.from(`email,name\n${rows}`), last]), 4096))
    expect(done).toMatchObject({ added: 5001, files: [{ charset: 'windows-1256' }] })
    expect((await subscribers.show(world.db, 'hasan@example.org')).name).toBe('حسن علي')
  })

  test('is understood in Turkish, also in windows-1254', async () => {
    await using world = await open()
    await subscribers.addList(world, 'cli', { slug: 'bulten', title: 'Bülten', language: 'tr' })
    const bytes = encode('E-posta Adresi;Adı Soyadı;Durum\r\nayse@example.org;Ayşe Yıldız;Abone\r\n', 'windows-1254')
    const done = await subscribers.importCsv(world, 'cli', Readable.from([bytes]), { list: 'bulten' })
    expect(done).toMatchObject({ added: 1, files: [{ charset: 'windows-1254' }] })
    expect(await names(world)).toEqual({ 'ayse@example.org': 'Ayşe Yıldız' })
  })

  test('with Turkish headings is Turkish, also for a list in Arabic and with its first Turkish letter far down', async () => {
    await using world = await open()
    const rows = Array.from({ length: 500 }, (_, n) => `r${n}@example.org;Reader ${n}\r\n`).join('')
    for (const [who, before] of [
      ['ayse', ''],
      ['gul', rows],
    ] as const) {
      const text = `E-posta;Ad Soyad\r\n${before}${who}@example.org;Ayşe Yıldız\r\n`
      const done = await load(world, [encode(text, 'windows-1254')])
      expect(done).toMatchObject({ files: [{ charset: 'windows-1254' }] })
      expect((await subscribers.show(world.db, `${who}@example.org`)).name).toBe('Ayşe Yıldız')
    }
    expect(await load(world, [encode(ARABIC.replace(/^.*/, 'e-posta;ad'), 'windows-1256')])).toMatchObject({ added: 2 })
    expect((await subscribers.show(world.db, 'ali@example.org')).name).toBe('علي حسن')
  })

  test('has a verdict and a reason for each odd row, and its true line', async () => {
    await using world = await open()
    const rows = [
      ['plain@example.org,Plain', ''],
      ['PLAIN@Example.ORG,Plain', ''],
      ['"quoted@example.org","He said ""yes"", twice"', ''],
      ['odd@example.org,Ali "the man" Hassan', ''],
      ['"odd2@example.org","Ali "the man" Hassan"', ''],
      ['ragged@example.org', ''],
      ['long@example.org,Long,more,and,more', ''],
      ['user@مثال.إختبار,IDN', ''],
      ['html@example.org,<script>alert(1)</script>Ali <b>Hasan</b>', ''],
      ['formula@example.org,"=cmd|\' /C calc\'!A1"', ''],
      ['\u202bmarks@example.org\u202c,From a document', ''],
      ['"two\r\nlines@example.org",x', 'line break'],
      ['"crlf@example.org\r\nBcc: evil@example.net",x', 'line break'],
      ['name@example.org,"two\r\nlines"', 'line break'],
      ['nul@example.org,a\0b', 'control'],
      ['علي@example.org,Local', 'mail servers'],
      ['"""a b""@example.org",Quoted', 'quotation marks'],
      ['a@localhost,x', 'no e-mail address'],
      ['a@[192.0.2.1],x', 'no e-mail address'],
      ['a@b@c,x', 'no e-mail address'],
      [',Nobody', 'no address'],
      [`${'x'.repeat(1_000_000)}@example.org,Long`, 'longer'],
      [`big@example.org,"${'x\n'.repeat(300_000)}"`, 'longer'],
      [`name2@example.org,${'n'.repeat(300)}`, '200 letters'],
      ['open@example.org,"never closed', 'never closes'],
      ['last@example.org,Last', ''],
    ] as const
    let line = 1
    const lines = rows.map(([row]) => {
      line += 1
      const at = line
      line += row.match(/\r\n|\n/g)?.length ?? 0
      return at
    })
    const file = `email,name\n${rows.map(([row]) => `${row}\n`).join('')}`
    const done = await load(world, pieces(Buffer.from(file), 65_536), { language: 'en' })
    const bad = rows.flatMap(([, reason], n) =>
      reason ? [{ line: lines[n]!, reason: expect.stringContaining(reason) }] : [],
    )
    expect(done.rejected.toSorted((a, b) => a.line - b.line)).toEqual(bad)
    expect(done).toMatchObject({ refused: false, added: 11, unchanged: 1, duplicates: 1 })
    const all = await names(world)
    expect(all['html@example.org']).toBe('alert(1)Ali Hasan')
    expect(all['odd@example.org']).toBe('Ali "the man" Hassan')
    expect(all['odd2@example.org']).toBe('Ali "the man" Hassan')
    expect(all['quoted@example.org']).toBe('He said "yes", twice')
    expect(Object.keys(all)).toContain('user@xn--mgbh0fb.xn--kgbechtv')
    expect(Object.keys(all)).toContain('marks@example.org')
  })

  test.each([
    [
      'an Excel workbook',
      zipOf([
        ['[Content_Types].xml', '<Types/>'],
        ['xl/workbook.xml', '<x/>'],
      ]),
      'spreadsheet',
    ],
    ['an old Excel workbook', Buffer.from('d0cf11e0a1b11ae1000000', 'hex'), 'spreadsheet'],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'picture'],
    ['a photograph', Buffer.from('ffd8ffe000104a464946', 'hex'), 'picture'],
    ['a PDF', Buffer.from('%PDF-1.7\nemail,name\n'), 'document'],
    ['a page', Buffer.from('<!DOCTYPE html><table><tr><td>a@example.org'), 'web page'],
    ['a program', Buffer.from([0x7f, 0x45, 0x4c, 0x46, ...Array.from({ length: 200 }, (_, n) => n % 20)]), 'no text'],
    ['nothing', Buffer.alloc(0), 'empty'],
    ['only blank lines', Buffer.from('\r\n \r\n\n'), 'empty'],
    ['no address column', Buffer.from('name,phone\nAli,555\n'), 'name, phone'],
  ])('that is %s is refused in words', async (_, bytes, words) => {
    await using world = await open()
    const done = await load(world, [bytes], { language: 'en' })
    expect(done).toMatchObject({ refused: true, added: 0, import: null })
    expect(done.reason).toContain(words)
    expect(await names(world)).toEqual({})
  })

  test('with only a header adds nobody and is no mistake', async () => {
    await using world = await open()
    expect(await load(world, ['email,name\n'])).toMatchObject({ refused: false, added: 0, import: null })
  })

  test('without a header is understood by its addresses', async () => {
    await using world = await open()
    expect(await load(world, ['a@example.org,Ali\nb@example.org,Leyla\n'])).toMatchObject({ added: 2 })
    expect(await names(world)).toEqual({ 'a@example.org': 'Ali', 'b@example.org': 'Leyla' })
    expect(await load(world, ['c@example.org\n'])).toMatchObject({ added: 1 })
  })

  test('is read as its columns are mapped, by name or number', async () => {
    await using world = await open()
    const file = 'Contact;Who;state\na@example.org;Ali;California\n'
    expect(await load(world, [file], { map: ['email=contact', 'name=2', 'state=-'] })).toMatchObject({ added: 1 })
    expect(await names(world)).toEqual({ 'a@example.org': 'Ali' })
    expect(await load(world, [file], { map: ['email=contact'] })).toMatchObject({ rejected: [{ line: 2 }] })
    expect(await load(world, [file], { map: ['email=Kontakt'] })).toMatchObject({ refused: true })
    expect(await load(world, ['x,b@example.org\n'], { map: ['email=2', 'name=1'] })).toMatchObject({ added: 1 })
    for (const wrong of ['__proto__=1', 'email', 'email=', 'toString=2'])
      expect(() => subscribers.readMapping([wrong])).toThrow('bad-map')
  })

  test('whose columns have the names of an object’s insides changes nothing but readers', async () => {
    await using world = await open()
    const done = await load(world, [
      '__proto__,constructor,email,toString,hasOwnProperty\n{"x":1},y,a@example.org,z,w\n',
    ])
    expect(done).toMatchObject({ added: 1, files: [{ columns: { email: 'email' } }] })
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test('any text with quotation marks is read as it was written, in whatever pieces it comes', async () => {
    await using world = await open()
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', '\r', ' ', 'س', "'"), maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(cell, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        async (notes, size) => {
          const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
          const rows = notes.map((note, n) => `r${n}@example.org,${quoted(note)},x\r\n`)
          const bytes = Buffer.from(`email,note,end\r\n${rows.join('')}`)
          const done = await load(world, pieces(bytes, size), { dryRun: true })
          expect(done).toMatchObject({ refused: false, rejected: [], added: notes.length })
        },
      ),
      { numRuns: 40 },
    )
  })
})

type More = { dryRun?: boolean; map?: string[]; language?: string }

async function load(world: World, chunks: (Buffer | string)[], more: More = {}): Promise<subscribers.Imported> {
  const app = more.language ? { ...world, config: { ...world.config, language: more.language } } : world
  return subscribers.importCsv(app, 'cli', Readable.from(chunks), {
    list: 'daily',
    dryRun: more.dryRun === true,
    map: subscribers.readMapping(more.map ?? []),
  })
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  const all: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) all.push(bytes.subarray(at, at + size))
  return all
}

async function names(world: World): Promise<Record<string, string | null>> {
  const rows = await world.db.selectFrom('subscriber').select(['address', 'name']).orderBy('address').execute()
  return Object.fromEntries(rows.map(({ address, name }) => [address, name]))
}
