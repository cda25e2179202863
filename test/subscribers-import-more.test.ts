import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import * as digests from '../src/digests/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, type Kind, openWorld, type World } from './world.ts'

describe.each(databases)('what a reader has chosen, on %s', (kind) => {
  const FILE =
    'email,name,language,format,zone,at,weekdays,paused_until,sections,city\na@example.org,Amal,ar,html,Europe/Istanbul,08:00,mon,2027-01-01,economy,Rize\nb@example.org,Bahar,ar,html,Europe/Istanbul,08:00,mon,2027-01-01,economy,Rize\n'

  test('wins over a file, also over the one that brought them; all else in it is taken', async () => {
    await using world = await open(kind)
    await bring(world, FILE)
    const chosen = await chooses(world, 'a@example.org')
    expect(await bring(world, FILE)).toMatchObject({ import: null, updated: 0, unchanged: 2 })
    expect(await row(world, 'a@example.org')).toEqual(chosen)
    const other = FILE.replaceAll('Rize', 'Izmir').replaceAll('html', 'headlines').replaceAll('economy', 'sport')
    expect(await bring(world, other)).toMatchObject({ updated: 2 })
    expect(await row(world, 'a@example.org')).toEqual({ ...chosen, fields: '{"city":"Izmir"}' })
    expect(await row(world, 'b@example.org')).toMatchObject({ format: 'headlines', sections: '["sport"]' })
  })

  test('on the form wins over a file', async () => {
    await using world = await open(kind)
    const request = { list: 'daily', network: '192.0.2.9', form: '/', language: 'ar', address: 'a@example.org' }
    await subscribers.invite(world, { ...request, wish: { minute: 600, zone: 'Europe/Berlin', format: 'text' } })
    const asked = await world.db.selectFrom('subscription').select(['id', 'requested_at']).executeTakeFirstOrThrow()
    await subscribers.confirm(world, subscribers.tokens(world, asked).confirm, '')
    const before = await row(world, 'a@example.org')
    expect(before).toMatchObject({ minute: 600, zone: 'Europe/Berlin', format: 'text' })
    const text = FILE.replaceAll('sections', 'x').replaceAll('paused_until', 'y').replaceAll('weekdays', 'z')
    await bring(world, text.replaceAll('html', 'headlines'))
    expect(await row(world, 'a@example.org')).toEqual({ ...before, name: 'Amal', fields: '{"city":"Rize"}' })
  })

  test('where the list takes readers at once wins over a file', async () => {
    await using world = await open(kind)
    await subscribers.setList(world, 'cli', 'daily', { singleOptIn: 'signed on paper' })
    const request = { list: 'daily', network: '192.0.2.9', form: '/', language: 'ar', address: 'a@example.org' }
    await subscribers.invite(world, { ...request, wish: { format: 'text' } })
    await bring(world, 'email,format,language\na@example.org,headlines,tr\n')
    expect(await row(world, 'a@example.org')).toMatchObject({ format: 'text', language: 'tr' })
  })

  async function chooses(world: World, address: string) {
    world.clock.advance({ minutes: 1 })
    const { id } = await world.db.selectFrom('subscription').innerJoin('subscriber', 'subscriber.id', 'subscriber_id').select('subscription.id').where('address', '=', address).executeTakeFirstOrThrow() // biome-ignore format: one line
    const { unsubscribe } = subscribers.tokens(world, { id, requested_at: null })
    const looks = { language: 'tr', format: 'text' as const, sections: ['world'] }
    await subscribers.prefer(world, await subscribers.readLeaving(world, unsubscribe), looks)
    await digests.prefer(world, 'reader', id, { zone: 'Europe/Berlin', at: '19:30', weekdays: 16, pausedUntil: null })
    return row(world, address)
  }

  function row(world: World, address: string) {
    return world.db
      .selectFrom('subscription')
      .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
      .select([
        'name',
        'fields',
        'language',
        'format',
        'zone',
        'minute',
        'weekdays',
        'paused_until',
        'sections',
        'state',
      ])
      .where('address', '=', address)
      .executeTakeFirstOrThrow()
  }
})

describe.each(databases)('what else a table says of readers, on %s', (kind) => {
  test('fills declared fields by their names, and tells the second time apart from the first', async () => {
    await using world = await open(kind)
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

  test('of who was known on another list is put back when what added him here is undone', async () => {
    await using world = await open(kind)
    await subscribers.addList(world, 'cli', { slug: 'weekly', title: 'Weekly', language: 'tr' })
    const known = ['a', 'b', 'c', 'd'].map((one) => `${one}@e.example,Izmir`).join('\n')
    await bring(world, `email,city\n${known}\ne@e.example,\n`)
    world.clock.advance({ hours: 1 })
    const rows =
      'a@e.example,Van,,active\nb@e.example,Van,2024-05-01,unsubscribed\nc@e.example,Van,,active\ne@e.example,Van,,active\nf@e.example,Van,,active\n'
    await bring(world, `email,city,first_seen,status\n${rows}`, { list: 'weekly' })
    expect(await fields(world)).toMatchObject({
      'a@e.example': { city: 'Van' },
      'b@e.example': { city: 'Van', first_seen: '2024-05-01' },
    })
    world.clock.advance({ hours: 1 })
    await bring(world, 'email,city\nc@e.example,Rize\n')
    await subscribers.undoImport(world, 'cli', 2)
    expect(await fields(world)).toEqual({
      'a@e.example': { city: 'Izmir' },
      'b@e.example': { city: 'Izmir' },
      'c@e.example': { city: 'Rize' }, // said anew since
      'd@e.example': { city: 'Izmir' },
      'e@e.example': null,
    })
  })

  test('fills a declared field from a column that is mapped to it, also without a header', async () => {
    await using world = await open(kind)
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
    await using world = await open(kind)
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
    await using second = await open(kind)
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
      await using world = await open(kind)
      const [column, cell] = words.split(',')
      const done = await bring(world, `email,${column}\na@e.example,${cell}\n`)
      expect(done).toMatchObject({ added: 0, rejected: [{ line: 2 }] })
    },
  )

  test('is put together from all rows of an address', async () => {
    await using world = await open(kind)
    await bring(world, 'email,city,first_seen,at\na@e.example,Van,,07:00\na@e.example,,2024-01-01,\n')
    expect(await fields(world)).toEqual({ 'a@e.example': { city: 'Van', first_seen: '2024-01-01' } })
    expect(await hours(world)).toMatchObject([{ minute: 420 }])
  })
})

async function open(kind: Kind): Promise<World> {
  const world = await openWorld(kind, '2026-11-23T04:10:00Z')
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar', public: true })
  await subscribers.addField(world, 'cli', { name: 'city' })
  await subscribers.addField(world, 'cli', { name: 'first_seen', kind: 'date' })
  return world
}

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
