import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import { named } from '../db/readers.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const CSV = `email,name,language
ahmad@gmail.com,أحمد الأتاسي,ar
Ahmet.Y@Hotmail.com,Ahmet Yılmaz,tr
fatima@gmail.com,فاطمة مصطفى,ar
ahmadi@paper.example,Sarah إدريس,en
under_score@gmail.com,,ar
`

describe.each(databases)('finding readers on %s', (kind) => {
  async function open(): Promise<World> {
    const world = await openWorld(kind, NOW)
    for (const slug of ['daily', 'weekly'])
      await subscribers.addList(world, 'cli', { slug, title: slug, language: 'ar' })
    await subscribers.importCsv(world, 'cli', Readable.from([CSV]), { list: 'daily' })
    world.clock.advance({ hours: 1 })
    const few = 'email\nfatima@gmail.com\nlate@gmail.com\n'
    await subscribers.importCsv(world, 'cli', Readable.from([few]), { list: 'weekly' })
    await subscribers.suppress(world, 'cli', 'ahmadi@paper.example', 'complaint')
    expect(await subscribers.learnNames(world)).toBe(true)
    return world
  }

  async function found(world: World, wanted: subscribers.Wanted): Promise<string> {
    const { readers } = await subscribers.find(world.db, wanted)
    return readers
      .map(({ address }) => address!.split('@')[0]!.toLowerCase())
      .sort()
      .join(' ')
  }

  test('an address is found whole in any case, and by how it begins', async () => {
    await using world = await open()
    expect(await found(world, { search: ' AHMAD@gmail.com ' })).toBe('ahmad')
    expect(await found(world, { search: 'ahmet.y@hotmail.com' })).toBe('ahmet.y')
    expect(await found(world, { search: 'AHMAD' })).toBe('ahmad ahmadi')
    expect(await found(world, { search: 'ahmet.' })).toBe('ahmet.y')
    expect(await found(world, { search: 'under_s' })).toBe('under_score')
    expect(await found(world, { search: 'under%' })).toBe('')
    expect(await found(world, { search: "' or 1=1 --" })).toBe('')
  })

  test('a name is found by its words as search folds them', async () => {
    await using world = await open()
    expect(await found(world, { search: 'احمد' })).toBe('ahmad')
    expect(await found(world, { search: 'أتاسي أحمد' })).toBe('ahmad')
    expect(await found(world, { search: 'فاطمه مصطفي' })).toBe('fatima')
    expect(await found(world, { search: 'YILMAZ' })).toBe('ahmet.y')
    expect(await found(world, { search: 'ادريس' })).toBe('ahmadi')
    expect(await found(world, { search: 'أحمد فاطمة' })).toBe('')
  })

  test('a servant’s name is one word or two, whichever way it is written and asked for', async () => {
    await using world = await open()
    const names = 'email,name\none@x.example,عبدالله\ntwo@x.example,عبد الله علي\nother@x.example,عَبد الـرحمن\n'
    await subscribers.importCsv(world, 'cli', Readable.from([names]), { list: 'daily' })
    await subscribers.learnNames(world)
    for (const search of ['عبد الله', 'عبدالله', 'عبد الل', 'عبدالل'])
      expect(await found(world, { search })).toBe('one two')
    for (const search of ['عبدالرحمن', 'عبد الرحمن', 'رحمن']) expect(await found(world, { search })).toBe('other')
    expect(await found(world, { search: 'عبدالله علي' })).toBe('two')
    expect(await found(world, { search: 'عبد' })).toBe('one other two')
  })

  test('a name that changes, or is erased, is known by the search once it has learnt it', async () => {
    await using world = await open()
    await world.db.updateTable('subscriber').set({ name: 'زينب' }).where('address', '=', 'ahmad@gmail.com').execute()
    await subscribers.erase(world, 'cli', 'fatima@gmail.com')
    expect(await named(world.db, ['فاطمه'], 1000, 9)).toEqual([]) // at once
    expect(await subscribers.learnNames(world)).toBe(true)
    expect(await found(world, { search: 'زينب' })).toBe('ahmad')
    expect(await found(world, { search: 'احمد' })).toBe('')
    expect((await subscribers.find(world.db, { search: 'فاطمة' })).readers).toEqual([])
  })

  test('who is taken away, as by an import that is undone, is not found any more', async () => {
    await using world = await open()
    const row = { address: 'x@gmail.com', address_hash: 'x', name: 'زينب', public_id: 'x', created_at: 0 as never }
    await world.db.insertInto('subscriber').values(row).execute()
    await subscribers.learnNames(world)
    expect(await found(world, { search: 'زينب' })).toBe('x')
    await world.db.deleteFrom('subscriber').where('public_id', '=', 'x').execute()
    expect(await found(world, { search: 'زينب' })).toBe('')
    expect(await subscribers.learnNames(world)).toBe(true)
    expect(await named(world.db, ['زينب'], 1000, 9)).toEqual([])
  })

  test('list, state, language, domain, time and suppression narrow it down, alone and together', async () => {
    await using world = await open()
    const then = later(instant(world.now()), -60_000)
    const facts: [subscribers.Wanted, string][] = [
      [{}, 'ahmad ahmadi ahmet.y fatima late under_score'],
      [{ list: 'weekly' }, 'fatima late'],
      [{ language: 'ar', list: 'daily' }, 'ahmad fatima under_score'],
      [{ language: 'tr' }, 'ahmet.y'],
      [{ domain: '@GMAIL.com' }, 'ahmad fatima late under_score'],
      [{ domain: 'gmail.com', list: 'weekly' }, 'fatima late'],
      [{ joinedAfter: then }, 'fatima late'],
      [{ joinedBefore: then }, 'ahmad ahmadi ahmet.y fatima under_score'],
      [{ joinedBefore: then, list: 'weekly' }, ''],
      [{ suppressed: true }, 'ahmadi'],
      [{ suppressed: false, list: 'daily' }, 'ahmad ahmet.y fatima under_score'],
      [{ state: 'left' }, ''],
      [{ search: 'ahmad', suppressed: true }, 'ahmadi'],
      [{ search: 'فاطمة', list: 'weekly', language: 'ar' }, 'fatima'],
    ]
    for (const [wanted, who] of facts) expect([wanted, await found(world, wanted)]).toEqual([wanted, who])
    await expect(subscribers.find(world.db, { state: 'x' as never })).rejects.toMatchObject({ code: 'bad-state' })
    await expect(subscribers.find(world.db, { list: 'none' })).rejects.toMatchObject({ code: 'list-not-found' })
  })

  test('pages follow one another and hold everybody once, the newest first', async () => {
    await using world = await open()
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await subscribers.find(world.db, {}, { limit: 2, ...(after && { after }) })
      seen.push(...page.readers.map((reader) => reader.address!))
      after = page.next
    } while (after)
    expect(seen).toHaveLength(6)
    expect(new Set(seen).size).toBe(6)
    expect(seen[0]).toBe('late@gmail.com')
    await expect(subscribers.find(world.db, {}, { after: 'nobody' })).rejects.toMatchObject({ code: 'page-not-found' })
  })

  test('what is kept of a reader in fields is checked by its kind', async () => {
    await using world = await open()
    const declared = []
    for (const [name, kind_] of [
      ['city', 'text'],
      ['age', 'number'],
      ['born', 'date'],
    ])
      declared.push(await subscribers.addField(world, 'cli', { name: name!, kind: kind_! }))
    const all = { city: ' حلب ', age: '30,5', born: '1990-02-03', other: 'x' }
    const written = subscribers.fieldsWith(declared, null, all)
    expect(written).toEqual({ fields: JSON.stringify({ city: 'حلب', age: 30.5, born: '1990-02-03' }) })
    const before = (written as { fields: string }).fields
    expect(subscribers.fieldsWith(declared, before, { city: '', age: undefined, born: '' })).toEqual({
      fields: '{"age":30.5}',
    })
    expect(subscribers.fieldsWith(declared, '{"age":1}', { age: '' })).toEqual({ fields: null })
    expect(subscribers.fieldsWith(declared, null, { age: 'many' })).toEqual({ unfit: 'age' })
    expect(subscribers.fieldsWith(declared, null, { born: '3/2/1990' })).toEqual({ unfit: 'born' })
    await expect(subscribers.addField(world, 'cli', { name: 'City!' })).rejects.toMatchObject({
      code: 'bad-field-name',
    })
    await expect(subscribers.addField(world, 'cli', { name: '__proto__' })).rejects.toMatchObject({
      code: 'bad-field-name',
    })
    await expect(subscribers.addField(world, 'cli', { name: 'x', kind: 'sql' })).rejects.toMatchObject({
      code: 'bad-field-kind',
    })
  })
})
