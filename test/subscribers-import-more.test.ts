import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, openWorld, type World } from './world.ts'

describe.each(databases)('what else a table says of readers, on %s', (kind) => {
  test('fills declared fields by their names, and tells the second time apart from the first', async () => {
    await using world = await open()
    const text = 'email,City,first seen\na@e.example,Izmir,2024-05-01\nb@e.example,,\nc@e.example,Van,soon\n'
    const done = await bring(world, text)
    expect(done).toMatchObject({ added: 2, rejected: [{ line: 4 }] })
    expect(done.files[0]!.columns).toMatchObject({ city: 'City', first_seen: 'first seen' })
    expect(await fields(world)).toEqual({
      'a@e.example': { city: 'Izmir', first_seen: '2024-05-01' },
      'b@e.example': null,
    })
    expect(await bring(world, text)).toMatchObject({ import: null, updated: 0 })
    world.clock.advance({ hours: 1 })
    expect(await bring(world, 'email,city\na@e.example,Van\nb@e.example,\n')).toMatchObject({
      updated: 1,
      unchanged: 1,
    })
    expect(await fields(world)).toMatchObject({ 'a@e.example': { city: 'Van', first_seen: '2024-05-01' } })
    await subscribers.undoImport(world, 'cli', 2)
    expect(await fields(world)).toMatchObject({ 'a@e.example': { city: 'Izmir', first_seen: '2024-05-01' } })
  })

  test('fills a declared field from a column that is mapped to it, also without a header', async () => {
    await using world = await open()
    const map = (word: string) => ({ map: subscribers.readMapping([word], ['city', 'first_seen']) })
    await bring(world, 'email,x\na@e.example,Izmir\n', map('city=2'))
    await bring(world, 'b@e.example,Van\n', map('city=2'))
    await bring(world, 'email,city\nc@e.example,Van\n', map('city=-'))
    expect(await fields(world)).toEqual({
      'a@e.example': { city: 'Izmir' },
      'b@e.example': { city: 'Van' },
      'c@e.example': null,
    })
    expect(await bring(world, 'email\nd@e.example\n', map('city=town'))).toMatchObject({ refused: true })
    expect(() => map('town=2')).toThrow('bad-map')
  })

  test('is the hour, the weekdays, the pause and the sections that our own export wrote', async () => {
    await using world = await open()
    await bring(
      world,
      'email,zone,at,weekdays,paused_until,sections,city\na@e.example,Europe/Istanbul,07:30,"mon,tue",2027-01-10,"spor;ekonomi",Van\nb@e.example,,,,,,\nc@e.example,,23:59,"mon,tue,wed,thu,fri,sat,sun",2027-02-01,"[""a, b"",""c""]",\n',
    )
    const before = await hours(world)
    expect(before).toMatchObject([
      { minute: 450, weekdays: 3, paused_until: Date.parse('2027-01-09T21:00:00Z'), sections: '["ekonomi","spor"]' },
      { minute: null, weekdays: null, paused_until: null, sections: '' },
      { minute: 1439, weekdays: null, sections: '["a, b","c"]' },
    ])
    await using second = await open()
    const csv = await exported(world)
    expect(await bring(second, csv)).toMatchObject({ added: 3, rejected: [] })
    expect(await hours(second)).toEqual(before)
    expect(await bring(second, csv)).toMatchObject({ import: null, updated: 0, unchanged: 3 })
    expect(await exported(second)).toBe(csv)
    second.clock.advance({ hours: 1 })
    expect(await bring(second, 'email,paused_until\nb@e.example,2027-03-01\n')).toMatchObject({ updated: 1 })
    await subscribers.undoImport(second, 'cli', 2)
    expect(await hours(second)).toEqual(before)
  })

  test.each(['at,25:00', 'at,7', 'weekdays,someday', 'paused_until,2027-02-30', 'paused_until,soon', 'sections,"[1]"'])(
    'is refused where it is none: %s',
    async (words) => {
      await using world = await open()
      const [column, cell] = words.split(',')
      const done = await bring(world, `email,${column}\na@e.example,${cell}\n`)
      expect(done).toMatchObject({ added: 0, rejected: [{ line: 2 }] })
    },
  )

  test('is put together from all rows of an address', async () => {
    await using world = await open()
    await bring(world, 'email,city,first_seen,at\na@e.example,Van,,07:00\na@e.example,,2024-01-01,\n')
    expect(await fields(world)).toEqual({ 'a@e.example': { city: 'Van', first_seen: '2024-01-01' } })
    expect(await hours(world)).toMatchObject([{ minute: 420 }])
  })

  async function open(): Promise<World> {
    const world = await openWorld(kind, '2026-11-23T04:10:00Z')
    await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar' })
    await subscribers.addField(world, 'cli', { name: 'city' })
    await subscribers.addField(world, 'cli', { name: 'first_seen', kind: 'date' })
    return world
  }
})

function bring(
  world: World,
  text: string,
  more: Partial<subscribers.ImportOptions> = {},
): Promise<subscribers.Imported> {
  return subscribers.importCsv(world, 'cli', Readable.from([text]), { list: 'daily', ...more })
}

async function exported(world: World): Promise<string> {
  const output = new PassThrough()
  const bytes = buffer(output)
  await subscribers.exportCsv(world, 'daily', output)
  output.end()
  return (await bytes).toString('utf8')
}

async function fields(world: World): Promise<Record<string, unknown>> {
  const rows = await world.db.selectFrom('subscriber').select(['address', 'fields']).orderBy('address').execute()
  return Object.fromEntries(rows.map((row) => [row.address, row.fields === null ? null : JSON.parse(row.fields)]))
}

async function hours(world: World) {
  return world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .select(['address', 'zone', 'minute', 'weekdays', 'paused_until', 'sections'])
    .orderBy('address')
    .execute()
}
