import { PassThrough, Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { sign } from '../src/keys.ts'
import { Problem } from '../src/problem.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'

describe.each(databases)('lists and readers on %s', (kind) => {
  async function open(): Promise<World> {
    const world = await openWorld(kind, NOW)
    await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز اليومي', language: 'ar', public: true })
    return world
  }

  test('a list has a slug of its own, and a private one is unknown to strangers', async () => {
    await using world = await open()
    await subscribers.addList(world, 'cli', { slug: 'staff', title: 'Staff', language: 'en_gb' })
    await refused('slug-taken', subscribers.addList(world, 'cli', { slug: 'staff', title: 'Again' }))
    await refused('bad-slug', subscribers.addList(world, 'cli', { slug: 'Staff!', title: 'x' }))
    await refused(
      'bad-address',
      subscribers.addList(world, 'cli', { slug: 'x', title: 'x', from: 'Desk <a@b\r\nBcc: evil@y>' }),
    )
    expect(await subscribers.findList(world.db, 'staff')).toMatchObject({ language: 'en-GB', visibility: 'private' })
    expect((await subscribers.publicLists(world.db)).map((list) => list.slug)).toEqual(['daily'])
    await refused('list-not-found', invite(world, 'a@example.org', { list: 'staff' }))
    await refused('list-not-found', invite(world, 'a@example.org', { list: 'none' }))
  })

  describe('joining', () => {
    test('whoever asks gets one letter, and reads nothing before the letter is confirmed', async () => {
      await using world = await open()
      await invite(world, 'Reader@Example.org')
      expect(await states(world)).toEqual({ 'Reader@example.org': 'pending' })
      expect(await notices(world)).toMatchObject([
        { kind: 'confirm', state: 'queued', language: 'ar', due_at: instant(world.now()) },
      ])

      const { list } = await subscribers.confirm(
        world,
        (await tokensOf(world, 'reader@example.org')).confirm,
        '192.0.2.1',
      )
      expect(list.slug).toBe('daily')
      expect(await states(world)).toEqual({ 'Reader@example.org': 'active' })
    })

    test('the evidence names time, network, form, and the very words agreed to', async () => {
      await using world = await open()
      await invite(world, 'a@example.org', { network: '::ffff:192.0.2.77' })
      world.clock.advance({ minutes: 3 })
      await subscribers.confirm(world, (await tokensOf(world, 'a@example.org')).confirm, '2001:db8:1:2:3:4:5:6')
      const { consents } = await subscribers.show(world.db, 'A@example.org')
      expect(consents).toMatchObject([
        {
          list: 'daily',
          kind: 'asked',
          at: NOW,
          network: '192.0.2.0/24',
          form: '/subscribe',
          actor: 'reader',
        },
        {
          list: 'daily',
          kind: 'confirmed',
          at: '2026-11-23T04:13:00Z',
          network: '2001:db8:1:2::/64',
          form: '/confirm',
        },
      ])
      expect(consents[0]!.wording).toContain('أوافق على أن تصلني هذه النشرة')
      expect(consents[1]!.wording).toContain('الموجز اليومي')
      expect(new Set(consents.map((row) => row.wording_version)).size).toBe(2)
    })

    test('an address gets one confirmation a day, whatever its case or +tag, and another the day after', async () => {
      await using world = await open()
      for (const address of [
        'a@example.org',
        'A@EXAMPLE.org',
        'a+1@example.org',
        'A+x+y@Example.ORG',
        ' a@example.org ',
      ])
        await invite(world, address)
      expect(await notices(world)).toHaveLength(1)
      world.clock.advance({ hours: 23, minutes: 59 })
      await invite(world, 'a+2@example.org')
      expect(await notices(world)).toHaveLength(1)
      world.clock.advance({ minutes: 1 })
      await invite(world, 'a@example.org')
      expect(await notices(world)).toHaveLength(2)
    })

    test('asking at the same moment, from two processes, still makes one letter', async () => {
      await using world = await open()
      const other = kind === 'pglite' ? world : await world.again()
      await Promise.all([world, other, world, other, world, other].map((app) => invite(app, 'a@example.org')))
      expect(await notices(world)).toHaveLength(1)
      if (other !== world) await other.database.close()
    })

    test('a network asks twenty times an hour, wherever in its /24 or /64 it stands', async () => {
      await using world = await open()
      for (let n = 0; n < 20; n++)
        await invite(world, `r${n}@example.org`, { network: n % 2 ? `203.0.113.${n}` : `::ffff:203.0.113.${n}` })
      await refused('too-many-requests', invite(world, 'one-more@example.org', { network: '203.0.113.250' }))
      await invite(world, 'neighbour@example.org', { network: '203.0.112.250' })
      for (let n = 0; n < 20; n++) await invite(world, `s${n}@example.org`, { network: `2001:db8:0:7::${n}` })
      await refused('too-many-requests', invite(world, 't@example.org', { network: '2001:db8:0:7:ffff::1' }))
      world.clock.advance({ hours: 1 })
      await invite(world, 'one-more@example.org', { network: '203.0.113.250' })
    })

    test('one domain cannot be flooded from many networks', async () => {
      await using world = await open()
      await world.db
        .insertInto('allowance')
        .values({ key: 'domain:example.org', since_at: instant(world.now()), n: 500 })
        .execute()
      await refused('too-many-requests', invite(world, 'a@example.org'))
      await invite(world, 'a@example.net')
    })

    test('a suppressed address gets no letter and leaves no trace of itself but the evidence', async () => {
      await using world = await open()
      await subscribers.suppress(world, 'cli', 'gone@example.org', 'complaint')
      await invite(world, 'Gone@example.org')
      expect(await notices(world)).toEqual([])
      expect(await states(world)).toEqual({})
      const shown = await subscribers.show(world.db, 'gone@example.org')
      expect(shown).toMatchObject({
        suppression: { reason: 'complaint', actor: 'cli' },
        consents: [{ kind: 'asked' }],
        subscriptions: [],
      })
    })

    test('a suppression that came after the letter holds against its confirmation', async () => {
      await using world = await open()
      await invite(world, 'a@example.org')
      await subscribers.suppress(world, 'cli', 'A@example.org', 'manual')
      await refused('suppressed', subscribers.confirm(world, (await tokensOf(world, 'a@example.org')).confirm, ''))
      expect(await states(world)).toEqual({ 'a@example.org': 'pending' })
    })

    test('asking again neither stops an active reader nor brings back one who left', async () => {
      await using world = await open()
      await join(world, 'stays@example.org')
      await join(world, 'left@example.org')
      await subscribers.leave(world, (await tokensOf(world, 'left@example.org')).unsubscribe, 'page', '')
      world.clock.advance({ hours: 25 })
      await invite(world, 'stays@example.org')
      await invite(world, 'left@example.org')
      expect(await states(world)).toEqual({ 'left@example.org': 'left', 'stays@example.org': 'active' })
      await subscribers.confirm(world, (await tokensOf(world, 'left@example.org')).confirm, '')
      expect(await states(world)).toEqual({ 'left@example.org': 'active', 'stays@example.org': 'active' })
    })

    test('who comes back in another language reads that one; who never left keeps theirs whoever fills in the form', async () => {
      await using world = await open()
      for (const address of ['stays@example.org', 'left@example.org']) await join(world, address)
      await subscribers.leave(world, (await tokensOf(world, 'left@example.org')).unsubscribe, 'page', '')
      world.clock.advance({ hours: 25 })
      for (const address of ['stays@example.org', 'left@example.org']) {
        await subscribers.invite(world, { list: 'daily', address, network: '192.0.2.9', form: '/', language: 'tr' })
        await subscribers.confirm(world, (await tokensOf(world, address)).confirm, '')
      }
      const languages = await world.db
        .selectFrom('subscription')
        .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
        .select(['address', 'language'])
        .orderBy('address')
        .execute()
      expect(languages).toEqual([
        { address: 'left@example.org', language: 'tr' },
        { address: 'stays@example.org', language: 'ar' },
      ])
    })

    test('a confirmation can be pressed for seven days, twice without harm, and outlives a later letter', async () => {
      await using world = await open()
      await invite(world, 'a@example.org')
      const first = (await tokensOf(world, 'a@example.org')).confirm
      world.clock.advance({ hours: 24 })
      await invite(world, 'a@example.org')
      const second = (await tokensOf(world, 'a@example.org')).confirm
      expect(second).not.toBe(first)
      await subscribers.confirm(world, first, '')
      await subscribers.confirm(world, second, '')
      const { consents } = await subscribers.show(world.db, 'a@example.org')
      expect(consents.map((row) => row.kind)).toEqual(['asked', 'asked', 'confirmed'])
      world.clock.advance({ hours: 24 * 6 + 1 })
      await refused('link-expired', subscribers.confirm(world, first, ''))
      await subscribers.confirm(world, second, '')
    })

    test('control characters in an address are refused, not trimmed', async () => {
      await using world = await open()
      for (const address of [
        'a@example.org\r\nBcc: evil@example.net',
        'a@example.org\n',
        '\0a@example.org',
        'a\t@example.org',
        '"a b"@example.org',
        'a@[192.0.2.1]',
        '',
      ]) {
        await refused('bad-address', invite(world, address))
      }
      await invite(world, '\u202ba@example.org\u202c\u00a0') // copied from a right-to-left document
      expect(Object.keys(await states(world))).toEqual(['a@example.org'])
    })
  })

  describe('leaving', () => {
    test('is at once, stops what waits, and can be said again', async () => {
      await using world = await open()
      await invite(world, 'a@example.org')
      const { unsubscribe } = await tokensOf(world, 'a@example.org')
      const first = await subscribers.leave(world, unsubscribe, 'one-click', '192.0.2.1')
      const again = await subscribers.leave(world, unsubscribe, 'page', '192.0.2.1')
      expect([first.list.slug, again.list.slug]).toEqual(['daily', 'daily'])
      expect(await states(world)).toEqual({ 'a@example.org': 'left' })
      expect(await notices(world)).toMatchObject([{ state: 'skipped' }])
      const { consents, subscriptions } = await subscribers.show(world.db, 'a@example.org')
      expect(consents.map((row) => row.kind)).toEqual(['asked', 'left'])
      expect(subscriptions).toMatchObject([{ left_reason: 'one-click', left_at: NOW }])
    })

    test('works for as long as the letter exists', async () => {
      await using world = await open()
      await join(world, 'a@example.org')
      const { unsubscribe } = await tokensOf(world, 'a@example.org')
      world.clock.set('2046-11-23T00:00:00Z')
      await subscribers.leave(world, unsubscribe, 'page', '')
      expect(await states(world)).toEqual({ 'a@example.org': 'left' })
    })

    test('a token is worth nothing for another purpose, another reader, or changed', async () => {
      await using world = await open()
      await join(world, 'a@example.org')
      await join(world, 'b@example.org')
      const { unsubscribe, confirm } = await tokensOf(world, 'a@example.org')
      const other = await idOf(world, 'b@example.org')
      const form = sign(world.keys, 'form', await idOf(world, 'a@example.org'))
      const flipped = unsubscribe.slice(0, -1) + (unsubscribe.endsWith('A') ? 'B' : 'A')
      const turned = Buffer.from(unsubscribe, 'base64url')
      turned.writeUIntBE(other, 1, 5)
      for (const token of [
        confirm,
        form,
        flipped,
        turned.toString('base64url'),
        '',
        'x',
        unsubscribe.slice(1),
        `${unsubscribe}a`,
      ]) {
        await refused('link-invalid', subscribers.leave(world, token, 'page', ''))
      }
      for (const token of [unsubscribe, form, turned.toString('base64url')])
        await refused('link-invalid', subscribers.confirm(world, token, ''))
      expect(await states(world)).toEqual({ 'a@example.org': 'active', 'b@example.org': 'active' })
    })
  })

  describe('import', () => {
    test('admits readers, tells what it did, and does nothing the second time', async () => {
      await using world = await open()
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
      await using world = await open()
      await join(world, 'left@example.org')
      await subscribers.leave(world, (await tokensOf(world, 'left@example.org')).unsubscribe, 'page', '')
      await subscribers.suppress(world, 'cli', 'spam@example.org', 'complaint')
      const done = await load(world, 'email\nleft@example.org\nSPAM@example.org\nLEFT@example.org\nnew@example.org\n')
      expect(done).toMatchObject({ added: 1, skipped: 3, unchanged: 0 })
      expect(await states(world)).toEqual({ 'left@example.org': 'left', 'new@example.org': 'active' })
    })

    test('names each row that cannot be used by its true line, behind quoted line ends too', async () => {
      await using world = await open()
      const file =
        'note,email,name,language\r\n"two\r\nlines",a@example.org,A,\r\n\r\nx,not an address,B,\r\n"1\r\n2\r\n3",b@example.org,"in\r\njection",\r\nx,c@example.org,C,Klingon!\r\n'
      const done = await load(world, file)
      expect(done.added).toBe(1)
      expect(done.rejected.map((row) => row.line)).toEqual([5, 6, 10])
      for (const { reason } of done.rejected) expect(reason).toMatch(/\p{L}+ \p{L}+/u)
    })

    test('header injection, control characters and broken encodings stay outside', async () => {
      await using world = await open()
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
      await using world = await open()
      for (const file of ['', '\ufeff\n\n', 'name\nAli\n', 'name,age\nx,1\n']) {
        const done = await load(world, file)
        expect(done).toMatchObject({ refused: true, added: 0, rejected: [] })
        expect(done.reason!.length).toBeGreaterThan(20)
      }
      expect(await states(world)).toEqual({})
      await refused('list-not-found', subscribers.importCsv(world, 'cli', Readable.from(['email\n']), { list: 'none' }))
    })

    test('a quotation mark that never closes costs its own line and no other', async () => {
      await using world = await open()
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
      await using world = await open()
      expect(await load(world, `x,${heading}\n1,a@example.org`)).toMatchObject({ added: 1 })
    })

    test('with both an e-mail and an address column, the e-mail is the one', async () => {
      await using world = await open()
      expect(await load(world, 'address,email\n1 Main Street,a@example.org\n')).toMatchObject({
        added: 1,
        rejected: [],
      })
    })

    test('a rehearsal says what would happen, and nothing happens', async () => {
      await using world = await open()
      await load(world, 'email\nold@example.org\n')
      const file = `email,name\nold@example.org,New name\n${Array.from({ length: 1500 }, (_, n) => `r${n}@example.org,\n`).join('')}r0@example.org,\nbad\n`
      const rehearsed = await load(world, file, true)
      expect(Object.keys(await states(world))).toEqual(['old@example.org'])
      expect(await load(world, file)).toEqual({ ...rehearsed, import: 2 })
      expect(rehearsed).toMatchObject({ added: 1500, updated: 1, unchanged: 1, rejected: [{ line: 1504 }] })
    })

    test('a reader who was asked and never answered is admitted by the newsroom’s word', async () => {
      await using world = await open()
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
      await using world = await open()
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
      await using second = await open()
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
      await using world = await open()
      await invite(world, 'waits@example.org')
      await join(world, 'left@example.org')
      await subscribers.leave(world, (await tokensOf(world, 'left@example.org')).unsubscribe, 'page', '')
      const bytes = await save(world)
      await using second = await open()
      expect(await subscribers.importCsv(second, 'cli', Readable.from([bytes]), { list: 'daily' })).toMatchObject({
        added: 0,
        skipped: 2,
      })
    })

    test('any names and addresses survive the way out and in', async () => {
      await using world = await open()
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
    await using world = await open()
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

  test('the trail names no address', async () => {
    await using world = await open()
    await join(world, 'somebody@example.org')
    await subscribers.leave(world, (await tokensOf(world, 'somebody@example.org')).unsubscribe, 'page', '')
    await subscribers.suppress(world, 'cli', 'somebody@example.org', 'manual')
    await load(world, 'email\nelse@example.org\n')
    const trail = await world.db.selectFrom('change').selectAll().orderBy('id').execute()
    expect(trail.map((row) => row.verb)).toEqual([
      'list.add',
      'subscription.ask',
      'subscription.confirm',
      'subscription.leave',
      'suppression.add',
      'subscribers.import',
      'import.end',
    ])
    expect(JSON.stringify(trail)).not.toContain('@')
    expect(JSON.stringify(world.logs)).not.toContain('@')
  })

  test('nothing is shown of an address that we do not know', async () => {
    await using world = await open()
    await refused('subscriber-not-found', subscribers.show(world.db, 'nobody@example.org'))
  })
})

function invite(
  world: World | Awaited<ReturnType<World['again']>>,
  address: string,
  more: Partial<subscribers.Request> = {},
): Promise<void> {
  const network = more.network ?? `198.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}.1`
  return subscribers.invite(world, { list: 'daily', form: '/subscribe', language: 'ar', ...more, network, address })
}

async function join(world: World, address: string): Promise<void> {
  await invite(world, address)
  await subscribers.confirm(world, (await tokensOf(world, address)).confirm, '192.0.2.1')
}

async function idOf(world: World, address: string): Promise<number> {
  return (await subscriptionOf(world, address)).id
}

async function tokensOf(world: World, address: string): Promise<{ unsubscribe: string; confirm: string }> {
  return subscribers.tokens(world, await subscriptionOf(world, address))
}

async function subscriptionOf(world: World, address: string) {
  const rows = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .selectAll('subscription')
    .select('address')
    .execute()
  return rows.find((row) => row.address!.toLowerCase() === address.toLowerCase())!
}

async function states(world: World): Promise<Record<string, string>> {
  const rows = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select(['address', 'state'])
    .orderBy('address')
    .execute()
  return Object.fromEntries(rows.map((row) => [row.address, row.state]))
}

async function notices(world: World) {
  return world.db.selectFrom('notice').selectAll().orderBy('id').execute()
}

function load(world: World, file: string, dryRun = false): Promise<subscribers.Imported> {
  return subscribers.importCsv(world, 'cli', Readable.from([Buffer.from(file)]), { list: 'daily', dryRun })
}

async function save(world: World): Promise<Buffer> {
  const output = new PassThrough()
  const written = buffer(output)
  await subscribers.exportCsv(world, 'daily', output)
  output.end()
  return written
}

async function refused(code: string, promise: Promise<unknown>): Promise<void> {
  const problem = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(problem).toBeInstanceOf(Problem)
  expect((problem as Problem).code).toBe(code)
}
