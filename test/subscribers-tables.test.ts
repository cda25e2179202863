import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as subscribers from '../src/subscribers/index.ts'
import { invite, join, load, open, refused, states, tokensOf } from './joined.ts'
import { databases, type World } from './world.ts'

describe.each(databases)('tables of readers on %s', (kind) => {
  describe('import', () => {
    test('admits readers, tells what it did, and does nothing the second time', async () => {
      await using world = await open(kind)
      const file =
        '\ufeffE-mail,Name,Language,Format,Zone,Shoe size\r\na@example.org,"حسن، علي",ar,html,Europe/Istanbul,42\r\nb@example.org,,,text,,\r\n'
      expect(await load(world, file)).toMatchObject({
        refused: false,
        added: 2,
        updated: 0,
        unchanged: 0,
        skipped: 0,
        rejected: [],
      })
      expect(await load(world, file)).toMatchObject({ added: 0, updated: 0, unchanged: 2 })
      expect(await load(world, 'email,name\nA@example.org,Hasan\n')).toMatchObject({
        added: 0,
        updated: 1,
        unchanged: 0,
      })
      const shown = await subscribers.show(world.db, 'a@example.org')
      expect(shown).toMatchObject({
        name: 'Hasan',
        subscriptions: [{ state: 'active', language: 'ar', zone: 'Europe/Istanbul' }],
      })
      expect(shown.consents).toMatchObject([{ kind: 'imported', actor: 'cli', network: null, form: 'import 1' }])
      expect(shown.consents[0]!.wording).toContain('الموجز اليومي')
      expect((await subscribers.show(world.db, 'b@example.org')).subscriptions).toMatchObject([
        { format: 'text', language: 'ar', zone: null },
      ])
    })

    test('never writes to who is suppressed or has left', async () => {
      await using world = await open(kind)
      await join(world, 'left@example.org')
      await subscribers.leave(world, (await tokensOf(world, 'left@example.org')).unsubscribe, 'page', '')
      await subscribers.suppress(world, 'cli', 'spam@example.org', 'complaint')
      const done = await load(world, 'email\nleft@example.org\nSPAM@example.org\nLEFT@example.org\nnew@example.org\n')
      expect(done).toMatchObject({ added: 1, skipped: 3, unchanged: 0 })
      expect(await states(world)).toEqual({ 'left@example.org': 'left', 'new@example.org': 'active' })
    })

    test('names each row that cannot be used by its true line, behind quoted line ends too', async () => {
      await using world = await open(kind)
      const file =
        'note,email,name,language\r\n"two\r\nlines",a@example.org,A,\r\n\r\nx,not an address,B,\r\n"1\r\n2\r\n3",b@example.org,"in\r\njection",\r\nx,c@example.org,C,Klingon!\r\n'
      const done = await load(world, file)
      expect(done.added).toBe(1)
      expect(done.rejected.map((row) => row.line)).toEqual([5, 6, 10])
      for (const { reason } of done.rejected) expect(reason).toMatch(/\p{L}+ \p{L}+/u)
    })

    test('header injection, control characters and broken encodings stay outside', async () => {
      await using world = await open(kind)
      const rows = [
        '"a@example.org\r\nBcc: evil@example.net",x',
        'a@example.org%0ABcc:x,x',
        '"b@example.org\n",x',
        'c@example.org,"x\u0000y"',
        'd@example.org,"tab\there"',
        '"<e@example.org>",x',
        'f@example.org,\x1b[31m',
        'no address,فاطمة الزهراء حسن علي', // so that the file is UTF-8 by most of its letters
      ]
      const done = await subscribers.importCsv(
        world,
        'cli',
        Readable.from([
          Buffer.from(`email,name\n${rows.join('\n')}\n`),
          Buffer.from([0x67, 0x40, 0x78, 0x2e, 0x65, 0x75, 0x2c, 0xcd, 0xd3, 0xe4, 0x0a]),
        ]),
        { list: 'daily' },
      )
      expect(done).toMatchObject({ added: 0, refused: false })
      expect(done.rejected).toHaveLength(rows.length + 1)
      expect(await states(world)).toEqual({})
    })

    test('refuses a file without an e-mail column with a reason, and without writing anything', async () => {
      await using world = await open(kind)
      for (const file of ['', '\ufeff\n\n', 'name\nAli\n', 'name,age\nx,1\n']) {
        const done = await load(world, file)
        expect(done).toMatchObject({ refused: true, added: 0, rejected: [] })
        expect(done.reason!.length).toBeGreaterThan(20)
      }
      expect(await states(world)).toEqual({})
      await refused('list-not-found', subscribers.importCsv(world, 'cli', Readable.from(['email\n']), { list: 'none' }))
    })

    test('a quotation mark that never closes costs its own line and no other', async () => {
      await using world = await open(kind)
      const done = await load(
        world,
        `email,name\na@example.org,A\nb@example.org,"open\n${'c@example.org,C\n'.repeat(10_000)}`,
      )
      expect(done).toMatchObject({ refused: false, added: 2, unchanged: 9_999, rejected: [{ line: 3 }] })
      expect(Object.keys(await states(world))).toEqual(['a@example.org', 'c@example.org'])
    })

    test.each([
      'email',
      'E-Mail',
      ' ADDRESS ',
      'البريد',
      'البريد الإلكتروني',
      'e-posta',
      'E-Posta Adresi',
      'Email Address',
      'email_address',
    ])('understands the heading «%s»', async (heading) => {
      await using world = await open(kind)
      expect(await load(world, `x,${heading}\n1,a@example.org`)).toMatchObject({ added: 1 })
    })

    test('with both an e-mail and an address column, the e-mail is the one', async () => {
      await using world = await open(kind)
      expect(await load(world, 'address,email\n1 Main Street,a@example.org\n')).toMatchObject({
        added: 1,
        rejected: [],
      })
    })

    test('a rehearsal says what would happen, and nothing happens', async () => {
      await using world = await open(kind)
      await load(world, 'email\nold@example.org\n')
      const file = `email,name\nold@example.org,New name\n${Array.from({ length: 1500 }, (_, n) => `r${n}@example.org,\n`).join('')}r0@example.org,\nbad\n`
      const rehearsed = await load(world, file, true)
      expect(Object.keys(await states(world))).toEqual(['old@example.org'])
      expect(await load(world, file)).toEqual({ ...rehearsed, import: 2 })
      expect(rehearsed).toMatchObject({ added: 1500, updated: 1, unchanged: 1, rejected: [{ line: 1504 }] })
    })

    test('a reader who was asked and never answered is admitted by the newsroom’s word', async () => {
      await using world = await open(kind)
      await invite(world, 'a@example.org')
      expect(await load(world, 'email\na@example.org\n')).toMatchObject({ updated: 1 })
      expect((await subscribers.show(world.db, 'a@example.org')).consents.map((row) => row.kind)).toEqual([
        'asked',
        'imported',
      ])
    })
  })

  describe('export', () => {
    test('neutralises what a spreadsheet would run, begins with a BOM, and comes back unchanged', async () => {
      await using world = await open(kind)
      const rows = [
        'a@example.org,"=HYPERLINK(""http://evil"")"',
        "b@example.org,''=x",
        '+tag@example.org,-1+2',
        'c@example.org,"@sum, ""quoted"""',
        "d@example.org,'plain",
      ]
      await load(world, `email,name\n${rows.join('\n')}\n`)
      await subscribers.suppress(world, 'cli', 'd@example.org', 'bounce')
      const bytes = await save(world)
      expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
      const lines = bytes.toString('utf8').slice(1).trimEnd().split('\r\n')
      expect(lines[0]).toBe(
        'email,name,language,state,format,zone,subscribed_at,left_at,at,weekdays,paused_until,sections',
      )
      expect(lines).toHaveLength(6)
      for (const cell of lines.slice(1).flatMap((line) => line.split(','))) expect(cell).not.toMatch(/^"?[=+\-@]/)
      expect(lines.find((line) => line.startsWith('d@'))).toContain(',suppressed,')

      const names = await world.db.selectFrom('subscriber').select(['address', 'name']).orderBy('id').execute()
      await using second = await open(kind)
      expect(await subscribers.importCsv(second, 'cli', Readable.from([bytes]), { list: 'daily' })).toMatchObject({
        added: 4,
        skipped: 1,
        rejected: [],
      })
      expect(await second.db.selectFrom('subscriber').select(['address', 'name']).orderBy('id').execute()).toEqual(
        names.slice(0, 4),
      )
    })

    test('does not bring back by import who waits or has left', async () => {
      await using world = await open(kind)
      await invite(world, 'waits@example.org')
      await join(world, 'left@example.org')
      await subscribers.leave(world, (await tokensOf(world, 'left@example.org')).unsubscribe, 'page', '')
      const bytes = await save(world)
      await using second = await open(kind)
      expect(await subscribers.importCsv(second, 'cli', Readable.from([bytes]), { list: 'daily' })).toMatchObject({
        added: 0,
        skipped: 2,
      })
    })

    test('any names and addresses survive the way out and in', async () => {
      await using world = await open(kind)
      const local = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}$/)
      const name = fc.string({ unit: 'grapheme', maxLength: 40 })
      let n = 0
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(local, name), { maxLength: 20 }), async (people) => {
          const domain = `d${n++}.example`
          const list = `l${n}`
          await subscribers.addList(world, 'cli', { slug: list, title: list })
          const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`
          const file = `email,name\n${people.map(([user, called]) => `${quoted(`${user}@${domain}`)},${quoted(called)}\n`).join('')}`
          const done = await subscribers.importCsv(world, 'cli', Readable.from([file]), { list })
          expect(done.refused).toBe(false)
          expect(done.added + done.unchanged + done.updated + done.rejectedInAll).toBe(people.length)
          const output = new PassThrough()
          const written = text(output)
          expect(await subscribers.exportCsv(world, list, output)).toBe(done.added)
          output.end()
          const again = await subscribers.importCsv(world, 'cli', Readable.from([await written]), { list })
          expect(again).toMatchObject({ refused: false, added: 0, updated: 0, unchanged: done.added, rejected: [] })
        }),
        { numRuns: 25 },
      )
    })
  })

  test('any bytes at all are read to an end, with an account of every row', async () => {
    await using world = await open(kind)
    const piece = fc.constantFrom('"', ',', '\n', '\r', '\r\n', 'a@example.org', "'=1", '\ufeff', '\0', 'س', ' ', ';')
    const file = fc
      .array(fc.oneof(piece, fc.string({ maxLength: 5 })))
      .map((pieces) => Buffer.from(`email,name\n${pieces.join('')}`))
    const bytes = fc.oneof(
      file,
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.concat([Buffer.from('email\n'), array])),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (input) => {
        const done = await subscribers.importCsv(world, 'cli', Readable.from([input]), { list: 'daily' })
        for (const { line } of done.rejected) expect(line).toBeGreaterThan(1)
        for (const address of Object.keys(await states(world))) expect(address).toMatch(/^[!-~]+@[a-z0-9.-]+$/)
      }),
      { numRuns: 60 },
    )
  })
})

async function save(world: World): Promise<Buffer> {
  const output = new PassThrough()
  const written = buffer(output)
  await subscribers.exportCsv(world, 'daily', output)
  output.end()
  return written
}
