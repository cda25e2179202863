import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, openWorld, type World } from './world.ts'
import { writable } from './writable.ts'

const SIGNS = 'Email Address,First Name,MEMBER_RATING,LEID,EUID'

describe.each(databases)('a file of people who are gone, on %s', (kind) => {
  test('says so in any of its columns that are called status', async () => {
    await using world = await open()
    const text =
      'email,status,name,status\na@e.example,enabled,A,unsubscribed\nb@e.example,enabled,B,confirmed\nc@e.example,blocklisted,C,confirmed\n'
    await bring(world, 'joined.csv', text)
    expect(await writable(world)).toEqual(['b@e.example'])
  })

  test.each([
    ['two columns', 'gone@e.example,unsubscribed\nstay@e.example,active\n'],
    ['three columns', 'gone@e.example,Gone,unsubscribed\nstay@e.example,Stay,\nback@e.example,Back,bounced\n'],
  ])('says so without a header in %s', async (_, text) => {
    await using world = await open()
    await bring(world, 'x.csv', text)
    expect(await writable(world)).toEqual(['stay@e.example'])
    const names = await world.db.selectFrom('subscriber').select('name').execute()
    expect(names.map(({ name }) => name)).not.toContain('unsubscribed')
  })

  test.each(['unsubscribed.csv', 'old/Cleaned list.csv', 'bounced-2024.csv'])(
    'by its name %s alone is asked about',
    async (name) => {
      await using world = await open()
      const text = 'Email Address,First Name\na@e.example,A\n'
      const done = await bring(world, name, text)
      expect(done).toMatchObject({ refused: true, added: 0 })
      expect(done.reason).toContain('--map state=-')
      expect(await bring(world, name, 'a@e.example\n')).toMatchObject({ refused: true })
      expect(await bring(world, name, text, { map: { state: '-' } })).toMatchObject({ added: 1 })
      expect(await bring(world, name, 'email,status\nb@e.example,active\n')).toMatchObject({ added: 1 })
    },
  )

  test('by its name alone, from Mailchimp, has left or bounced', async () => {
    await using world = await open()
    const text = (who: string) => `Email Address,First Name\n${who}@e.example,A\n`
    const from = { from: 'mailchimp' } as const
    expect(await bring(world, 'unsubscribed.csv', text('a'), from)).toMatchObject({ recorded: { left: 1 } })
    expect(await bring(world, 'cleaned.csv', text('b'), from)).toMatchObject({ recorded: { suppressed: 1 } })
  })

  test('is not one that somebody cleaned by hand', async () => {
    await using world = await open()
    const text = `${SIGNS}\na@e.example,A,2,1,x\n`
    for (const name of ['audience_cleaned.csv', 'subscribed_members_export_1_cleaned.csv']) {
      const done = await bring(world, name, text)
      expect(done).toMatchObject({ refused: true, recorded: { suppressed: 0 } })
    }
    expect(await bring(world, 'audience_cleaned.csv', text, { map: { state: '-' } })).toMatchObject({ added: 1 })
    for (const name of ['cleaned_members_export_1a.csv', 'cleaned_email_audience_export_1a.csv'])
      expect(await bring(world, name, text.replace('a@', `${name.length}@`))).toMatchObject({
        recorded: { suppressed: 1 },
      })
  })

  test.each([
    ['a control character in the name', 'email,state,name\ngone@e.example,unsubscribed,A\0B\n'],
    ['a letter that is none', 'email,name,state\ngone@e.example,A\ufffdB,left\n'],
    ['a line break', 'email,name,state\ngone@e.example,"A\r\nB",bounced\n'],
    ['a name without end', `email,state,name\ngone@e.example,left,${'n'.repeat(70_000)}\n`],
    ['a quotation mark that never closes', 'email,state,name\ngone@e.example,left,"never\n'],
    ['a state that nobody knows beside one that we know', 'email,status,status\ngone@e.example,vip,unsubscribed\n'],
    ['the same the other way round', 'email,status,status\ngone@e.example,unsubscribed,vip\n'],
    ['a state that nobody knows and a date', 'email,state,unsubscribed_at\ngone@e.example,vip,2021-01-01\n'],
    ['a second column of dates', 'email,unsubscribed_at,unsubscribed_at\ngone@e.example,,2021-01-01\n'],
    ['a date with a control character', 'email,unsub time\ngone@e.example,"2021\n01"\n'],
    ['a column that says yes', 'email,unsubscribed\ngone@e.example,TRUE\n'],
    ['a column that says when', 'email,suppressed_at\ngone@e.example,2021-01-01T00:00:00Z\n'],
    ['all of it odd', 'email,state,language,zone,format,at\ngone@e.example,left,\0,Mars/Sea,papyrus,noon\n'],
  ])('is believed in spite of %s, also against another file', async (_, text) => {
    await using world = await open()
    expect(await bring(world, 'b.csv', text)).toMatchObject({ refused: false, added: 0, rejected: [] })
    await bring(world, 'a.csv', 'email\ngone@e.example\nstay@e.example\n')
    expect(await writable(world)).toEqual(['stay@e.example'])
  })

  test.each([
    'email,unsubscribed\na@e.example,false\n',
    'email,unsubscribed_at\na@e.example,NULL\n',
    'email,bounced\na@e.example,0\n',
  ])('is not one where the column says that nobody is (%j)', async (text) => {
    await using world = await open()
    expect(await bring(world, 'a.csv', text)).toMatchObject({ added: 1 })
  })

  test.each(['vip', 'gone fishing', 'ACTIVE?', '\0'])(
    'never adds by the state %j, that nobody knows',
    async (state) => {
      await using world = await open()
      const done = await bring(world, 'a.csv', `email,state\na@e.example,${state}\nb@e.example,active\n`)
      expect(done).toMatchObject({ added: 1, rejected: [{ line: 2 }] })
      expect(await writable(world)).toEqual(['b@e.example'])
    },
  )

  test.each([
    ['under a heading that we do not know', 'email,Stand\na@e.example,ok\nb@e.example,Unsubscribed\n', 'Stand', 'email,Stand\na@e.example,active\nb@e.example,Unsubscribed\n'],
    ['without a header', 'a@e.example,A,fine\nb@e.example,B,unsubscribed\n', '3', 'a@e.example,A,\nb@e.example,B,unsubscribed\n'],
    ['where a name may be', 'a@e.example,fine\nb@e.example,unsubscribed\n', '2', 'a@e.example,\nb@e.example,unsubscribed\n'],
    ['under a heading that says what it is', 'email,Global opt-out?\na@e.example,\nb@e.example,on\n', 'opt-out', 'email,Global opt-out?\na@e.example,\nb@e.example,iptal\n'],
    ['far down', `email,Stand\n${Array.from({ length: 900 }, (_, n) => `r${n}@e.example,\n`).join('')}b@e.example,bounced\n`, 'Stand', 'email,Stand\na@e.example,\nb@e.example,bounced\n'],
  ])('in a column that nobody reads is asked about: %s', async (_, text, column, told) => {
    await using world = await open()
    const done = await bring(world, 'a.csv', text)
    expect(done).toMatchObject({ refused: true, added: 0 })
    expect(done.reason).toContain(column)
    expect(await writable(world)).toEqual([])
    const place = column === '3' ? '3' : '2'
    expect(await bring(world, 'a.csv', told, { map: { state: place } })).toMatchObject({ refused: false, added: 1 })
    expect(await bring(world, 'a.csv', text, { map: { state: '-' } })).toMatchObject({ refused: false })
  }) // biome-ignore format: files as they are

  test.each(['unsubs.csv', 'opt-outs 2024.csv', 'blocklist.csv', 'Suppression_List.csv', 'spam-complaints.csv'])(
    'by its name %s is asked about, too',
    async (name) => {
      await using world = await open()
      expect(await bring(world, name, 'email\na@e.example\n')).toMatchObject({ refused: true, added: 0 })
    },
  )

  async function open(): Promise<World> {
    const world = await openWorld(kind, '2026-11-23T04:10:00Z')
    await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar' })
    return world
  }
})

function bring(
  world: World,
  name: string,
  text: string,
  more: Partial<subscribers.ImportOptions> = {},
): Promise<subscribers.Imported> {
  return subscribers.importFiles(world, 'cli', [{ name, open: async () => Readable.from([text]) }], {
    list: 'daily',
    ...more,
  })
}
