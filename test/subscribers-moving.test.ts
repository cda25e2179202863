import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { tablesOf } from '../src/spreadsheets/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, openWorld, type World } from './world.ts'
import { writable } from './writable.ts'
import { zipOf } from './zip.ts'

const NOW = '2026-11-23T04:10:00Z'
const HEAD =
  'Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS'
const STAYS = `${HEAD}\nstays@example.org,Ali,Hasan,2,2019-05-01 08:00:00,192.0.2.7,2019-05-01 08:05:00,192.0.2.7,,,,,,,,2020-01-01 00:00:00,1,a,,\nboth@example.org,Both,Files,2,,,,,,,,,,,,,2,b,,\ndead@example.org,,,2,,,,,,,,,,,,,3,c,,\n`
const LEFT = `${HEAD},UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER\nboth@example.org,Both,Files,2,,,,,,,,,,,,,2,b,,,2021-02-03 04:05:06,x,y,z,\nleft@example.org,,,2,,,,,,,,,,,,,4,d,,,2021-02-03 04:05:06,x,y,z,\n`
const CLEANED = `${HEAD},CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID\nDead@Example.org,,,2,,,,,,,,,,,,,3,c,,,2022-01-01 00:00:00,x,y\n`
const NAMES = {
  stays: 'subscribed_members_export_1a2b.csv',
  left: 'unsubscribed_members_export_1a2b.csv',
  cleaned: 'cleaned_members_export_1a2b.csv',
}

describe.each(databases)('readers who move here, on %s', (kind) => {
  async function open(): Promise<World> {
    const world = await openWorld(kind, NOW)
    await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar', public: true })
    return world
  }

  describe('from Mailchimp', () => {
    const files = [
      { name: NAMES.stays, text: STAYS },
      { name: NAMES.left, text: LEFT },
      { name: NAMES.cleaned, text: CLEANED },
    ]
    const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] // biome-ignore format: all six

    test.each(orders)(
      'in any order of files (%i %i %i), in one run or in three, nobody who left or bounced reads',
      async (...order) => {
        const told = order.map((n) => files[n]!)
        for (const runs of [[told], told.map((file) => [file])]) {
          await using world = await open()
          for (const run of runs) await bring(world, run)
          expect(await writable(world)).toEqual(['stays@example.org'])
          const { suppression } = await subscribers.show(world.db, 'dead@example.org')
          expect(suppression).toMatchObject({ reason: 'import (mailchimp)' })
          const { subscriptions } = await subscribers.show(world.db, 'left@example.org')
          expect(subscriptions).toMatchObject([
            { state: 'left', left_at: '2021-02-03T04:05:06Z', left_reason: 'import' },
          ])
          const before = await everything(world)
          for (const run of runs) expect(await bring(world, run)).toMatchObject({ import: null, added: 0, updated: 0 })
          expect(await everything(world)).toEqual(before)
        }
      },
    )

    test('the times and networks of opting in become evidence', async () => {
      await using world = await open()
      await bring(world, files)
      const { name, consents } = await subscribers.show(world.db, 'stays@example.org')
      expect(name).toBe('Ali Hasan')
      expect(consents).toMatchObject([
        { kind: 'asked', at: '2019-05-01T08:00:00Z', network: '192.0.2.0/24', form: 'import 1', actor: 'cli' },
        { kind: 'confirmed', at: '2019-05-01T08:05:00Z', network: '192.0.2.0/24' },
        { kind: 'imported', at: NOW, network: null },
      ])
    })

    test('a file that tells when people left or bounced adds nobody, whatever it is called', async () => {
      await using world = await open()
      for (const text of [LEFT, CLEANED]) await bring(world, [{ name: NAMES.stays, text }])
      await bring(world, [{ name: 'readers.csv', text: LEFT }], { map: { left_at: '-', state: '-' } })
      expect(await writable(world)).toEqual([])
    })

    test('the file’s name decides where its columns do not', async () => {
      await using world = await open()
      for (const name of [NAMES.left, NAMES.cleaned, 'nonsubscribed_members_export_1.csv'])
        await bring(world, [{ name: `a/b/${name}`, text: STAYS.replaceAll('@', `@${name.slice(0, 3)}.`) }])
      expect(await writable(world)).toEqual([])
    })

    test('comes as the ZIP that it makes, and nothing of it touches the disk', async () => {
      await using world = await open()
      const folder = mkdtempSync(join(tmpdir(), 'nashra-zip-'))
      const file = join(folder, 'audience.zip')
      writeFileSync(
        file,
        zipOf([
          ...files.map(({ name, text }): [string, string] => [name, text]),
          ['__MACOSX/._x.csv', 'x'],
          ['readme.md', 'x'],
        ]),
      )
      const tables = await tablesOf(file)
      const done = await subscribers.importFiles(world, 'cli', tables, { list: 'daily' })
      expect(done).toMatchObject({
        added: 1,
        recorded: { left: 2, suppressed: 1 },
        files: [{ from: 'mailchimp' }, { all: 'left' }, { all: 'bounced' }],
      })
      expect(await writable(world)).toEqual(['stays@example.org'])
      rmSync(folder, { recursive: true })
    })

    test('if one of its files cannot be read, nobody is taken in from the others', async () => {
      await using world = await open()
      const done = await bring(world, [files[0]!, { name: NAMES.left, text: '\x89PNG\r\n' }])
      expect(done).toMatchObject({ refused: true, added: 0 })
      expect(done.reason).toContain(NAMES.left)
      expect(await writable(world)).toEqual([])
    })
  })

  test.each([
    ['listmonk', 'uuid,email,name,attributes,status,created_at,updated_at\nu1,stays@example.org,Ali,{},enabled,2020-01-02T03:04:05Z,2021\nu2,no@example.org,No,{},blocklisted,2020,2021\nu3,off@example.org,No,{},disabled,2020,2021\n'],
    ['ghost', 'id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n1,stays@example.org,Ali,,true,false,,2020-01-02T03:04:05.000Z,,,\n2,no@example.org,No,,false,false,,2020-01-02T03:04:05.000Z,,,\n3,gone@example.org,No,,true,false,,2020-01-02T03:04:05.000Z,2021-01-01T00:00:00Z,,\n'],
    ['mailpoet', 'Email,First name,Last name,Global status,List status\nstays@example.org,Ali,,Subscribed,Subscribed\nno@example.org,No,,Subscribed,Unsubscribed\nb@example.org,No,,Bounced,Subscribed\nw@example.org,No,,Unconfirmed,Subscribed\n'],
  ])('from %s: its own words for who reads', async (from, text) => {
    await using world = await open()
    const done = await bring(world, [{ name: 'export.csv', text }])
    expect(done).toMatchObject({ added: 1, rejected: [], files: [{ from }] })
    expect(await writable(world)).toEqual(['stays@example.org'])
  }) // biome-ignore format: files as they are

  test('in any order of any files and runs, who once left or bounced is never written to', async () => {
    await using world = await open()
    let n = 0
    const row = fc.record({
      who: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom('active', 'unsubscribed', 'bounced', 'pending', ''),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(row, { maxLength: 6 }), { minLength: 1, maxLength: 4 }), async (runs) => {
        const domain = `d${++n}.example`
        for (const rows of runs)
          await bring(world, [
            {
              name: 'x.csv',
              text: `email,state\n${rows.map(({ who, state }) => `r${who}@${domain},${state}\n`).join('')}`,
            },
          ])
        const out = new Set(
          runs
            .flat()
            .filter(({ state }) => state === 'unsubscribed' || state === 'bounced')
            .map(({ who }) => who),
        )
        const all = new Set(
          runs
            .flat()
            .filter(({ state }) => state === 'active' || state === '')
            .map(({ who }) => who),
        )
        const reading = (await writable(world)).filter((address) => address.endsWith(`@${domain}`))
        expect(reading).toEqual(
          [...all]
            .filter((who) => !out.has(who))
            .sort()
            .map((who) => `r${who}@${domain}`),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('a reader’s own yes after he had left there counts; one before does not', async () => {
    await using world = await open()
    for (const who of ['stays', 'goes', 'unknown']) await joins(world, `${who}@example.org`)
    const done = await bring(world, [
      {
        name: 'x.csv',
        text: 'email,unsubscribed at\nstays@example.org,2024-01-01\ngoes@example.org,2026-11-24\nunknown@example.org,once\n',
      },
    ])
    expect(done).toMatchObject({ unchanged: 1, recorded: { left: 2 } })
    expect(await writable(world)).toEqual(['stays@example.org'])
    const log = readFileSync(join(world.config.data, 'left.log'), 'utf8')
    expect(log.match(/"what":"left"/g)).toHaveLength(2)
    expect(log).not.toContain('@')
  })

  test('a yes counts only against the last time that the files say', async () => {
    await using world = await open()
    for (const who of ['a', 'b', 'c']) await joins(world, `${who}@example.org`)
    const old = 'a@example.org,2021-01-01,\nb@example.org,2021-01-01,\nc@example.org,2022-01-01,\n'
    const text = `email,unsubscribed at,state\n${old}a@example.org,,left\nb@example.org,2026-11-24,\nc@example.org,2020-01-01,\n`
    expect(await bring(world, [{ name: 'x.csv', text }])).toMatchObject({ recorded: { left: 2 } })
    expect(await writable(world)).toEqual(['c@example.org'])
  })

  test('so does one that the list took at once, without a letter', async () => {
    await using world = await open()
    await subscribers.setList(world, 'cli', 'daily', { singleOptIn: 'signed on paper' })
    const request = { list: 'daily', network: '192.0.2.9', form: '/', language: 'ar' }
    for (const who of ['stays', 'goes']) await subscribers.invite(world, { ...request, address: `${who}@example.org` })
    const text = 'email,unsubscribed at\nstays@example.org,2021-01-01\ngoes@example.org,2026-11-24\n'
    expect(await bring(world, [{ name: 'x.csv', text }])).toMatchObject({ unchanged: 1, recorded: { left: 1 } })
    expect(await writable(world)).toEqual(['stays@example.org'])
  })

  test('what was not taken in is told row by row, with the reason', async () => {
    await using world = await open()
    await subscribers.suppress(world, 'cli', 'spam@example.org', 'complaint')
    const refused: subscribers.Refused[] = []
    await bring(
      world,
      [{ name: 'x.csv', text: 'email,state\nspam@example.org,\n=bad,\nwaits@example.org,pending\nok@example.org,\n' }],
      {
        onRefused: (one) => void refused.push(one),
        dryRun: true,
      },
    )
    expect(refused.toSorted((a, b) => a.line - b.line)).toMatchObject([
      { line: 2, verdict: 'skipped', value: 'spam@example.org' },
      { line: 3, verdict: 'invalid', value: '=bad' },
      { line: 4, verdict: 'skipped', value: 'waits@example.org' },
    ])
  })

  test('the export of everybody, taken in elsewhere, makes the same readers', async () => {
    await using world = await open()
    await bring(world, [
      { name: NAMES.stays, text: STAYS },
      { name: NAMES.left, text: LEFT },
      { name: NAMES.cleaned, text: CLEANED },
    ])
    const output = new PassThrough()
    const bytes = buffer(output)
    await subscribers.exportCsv(world, 'daily', output)
    output.end()
    await using second = await open()
    await subscribers.importCsv(second, 'cli', Readable.from([await bytes]), { list: 'daily' })
    const of = async (one: World) =>
      (await states(one)).map(({ id, ...row }) => row).filter(({ address }) => !address!.startsWith('dead'))
    expect(await of(second)).toEqual(await of(world))
  })

  describe('an import that is undone', () => {
    test('takes back whom it added and what it changed, and leaves no trace of them but the trail', async () => {
      await using world = await open()
      await bring(world, [
        { name: 'a.csv', text: 'email,name,language\nold@example.org,Old,ar\nquits@example.org,,\n' },
      ])
      const before = await states(world)
      world.clock.advance({ hours: 1 })
      const done = await bring(world, [
        {
          name: 'b.csv',
          text: 'email,name,language,state\nold@example.org,New,tr,\nnew@example.org,,,\nquits@example.org,,,left\ndead@example.org,,,bounced\n',
        },
      ])
      expect(done).toMatchObject({ import: 2, added: 1, updated: 1, recorded: { left: 1, suppressed: 1 } })
      expect(await subscribers.undoImport(world, 'cli', 2)).toEqual({
        import: 2,
        removed: 1,
        silenced: 0,
        restored: 2,
        lifted: 1,
        kept: 0,
      })
      expect(await states(world)).toEqual(before)
      expect(await subscribers.undoImport(world, 'cli', 2)).toMatchObject({ removed: 0, restored: 0 })
      expect(await subscribers.imports(world)).toMatchObject([
        { id: 2, state: 'undone', undo_until: null, list: 'daily', added: 1, updated: 1 },
        { id: 1, state: 'done', undo_until: '2026-12-23T04:10:00Z' },
      ])
      const verbs = await world.db
        .selectFrom('change')
        .select('verb')
        .where('subject', '=', 'import:2')
        .orderBy('id')
        .execute()
      expect(verbs.map(({ verb }) => verb)).toEqual(['import.end', 'import.undo', 'import.undone'])
      expect(await bring(world, [{ name: 'b.csv', text: 'email\nnew@example.org\ndead@example.org\n' }])).toMatchObject(
        { added: 2 },
      )
    })

    test('leaves alone who left, came back or was changed since', async () => {
      await using world = await open()
      await bring(world, [
        { name: 'a.csv', text: 'email,name\nleft@example.org,A\nyes@example.org,B\nrenamed@example.org,C\n' },
      ])
      world.clock.advance({ hours: 1 })
      const id = async (address: string) => (await states(world)).find((row) => row.address === address)!.id
      await subscribers.leave(
        world,
        subscribers.tokens(world, { id: await id('left@example.org'), requested_at: null } as never).unsubscribe,
        'page',
        '',
      )
      await joins(world, 'yes@example.org')
      await bring(world, [{ name: 'b.csv', text: 'email,name\nrenamed@example.org,D\n' }])
      expect(await subscribers.undoImport(world, 'cli', 1)).toMatchObject({ removed: 1, kept: 2 })
      expect(await states(world)).toMatchObject([
        { address: 'left@example.org', state: 'left' },
        { address: 'yes@example.org', state: 'active' },
      ])
    })

    test('can be undone for thirty days, and not while it runs', async () => {
      await using world = await open()
      await bring(world, [{ name: 'a.csv', text: 'email\na@example.org\n' }])
      await expect(subscribers.undoImport(world, 'cli', 7)).rejects.toThrow('import-not-found')
      await world.db.updateTable('import').set({ state: 'running' }).execute()
      await expect(subscribers.undoImport(world, 'cli', 1)).rejects.toThrow('import-running')
      world.clock.advance({ minutes: 2 })
      expect(await subscribers.imports(world)).toMatchObject([{ state: 'stopped' }])
      world.clock.advance({ hours: 24 * 30 })
      await expect(subscribers.undoImport(world, 'cli', 1)).rejects.toThrow('import-too-old')
      await subscribers.forgetImports(world)
      expect(await world.db.selectFrom('import_entry').selectAll().execute()).toEqual([])
      expect(await writable(world)).toEqual(['a@example.org'])
    })

    test('goes through thousands of readers in short steps', async () => {
      await using world = await open()
      const rows = Array.from({ length: 3000 }, () => `${randomBytes(6).toString('hex')}@example.org\n`).join('')
      await bring(world, [{ name: 'a.csv', text: `email\n${rows}` }])
      expect(await subscribers.undoImport(world, 'cli', 1)).toMatchObject({ removed: 3000 })
      expect(await everything(world)).toMatchObject({ subscriber: [], subscription: [], consent: [] })
    })
  })
})

function bring(
  world: World,
  files: { name: string; text: string }[],
  more: Partial<subscribers.ImportOptions> = {},
): Promise<subscribers.Imported> {
  const tables = files.map(({ name, text }) => ({
    name,
    open: async () => Readable.from([Buffer.from(text, /^\x89/.test(text) ? 'latin1' : 'utf8')]),
  }))
  return subscribers.importFiles(world, 'cli', tables, { list: 'daily', ...more })
}

async function joins(world: World, address: string): Promise<void> {
  await subscribers.invite(world, { list: 'daily', address, network: '192.0.2.9', form: '/', language: 'ar' })
  const rows = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .selectAll('subscription')
    .where('address', '=', address)
    .execute()
  const letter = { id: rows[0]!.id, requested_at: instant(world.now()) } // the link of this request's own letter
  await subscribers.confirm(world, subscribers.tokens(world, letter).confirm, '192.0.2.9')
}

async function states(world: World) {
  return world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select(['subscription.id', 'address', 'name', 'state', 'language', 'format', 'zone', 'left_at', 'left_reason'])
    .orderBy('address')
    .execute()
}

async function everything(world: World) {
  const all: Record<string, unknown[]> = {}
  for (const table of [
    'subscriber',
    'subscription',
    'consent',
    'suppression',
    'import',
    'import_entry',
    'change',
  ] as const)
    all[table] = await world.db.selectFrom(table).selectAll().execute()
  return all
}
