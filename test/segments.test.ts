import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { kindOf } from '../db/database.ts'
import { foldedIn } from '../db/folding.ts'
import { instant, later } from '../db/instant.ts'
import { addressHash, email } from '../src/address.ts'
import * as digests from '../src/digests/index.ts'
import { publicId } from '../src/ids.ts'
import { Problem } from '../src/problem.ts'
import * as segments from '../src/segments/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { fold, oneLine } from '../src/text.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'
const DAY = 86_400_000

type Given = {
  address: string
  lists?: string[]
  language?: string
  format?: string
  days?: number
  fields?: object
  asked?: boolean
  state?: string
}

const PEOPLE: Given[] = [
  { address: 'amal@gmail.com', days: 400, fields: { city: 'حلب', age: 30, born: '1990-02-03' }, asked: true },
  {
    address: 'Berk@Hotmail.com',
    lists: ['daily', 'weekly'],
    language: 'tr',
    days: 10,
    fields: { city: 'İstanbul 100%' },
  },
  { address: 'carol@cs.edu.tr', language: 'en-GB', format: 'text', days: 200, fields: { age: 9 } },
  { address: 'dina@gmail.com.evil.example', language: 'ar-SY', days: 1 },
  { address: 'gone@gmail.com', state: 'left' },
  { address: 'other@gmail.com', lists: ['weekly'] },
]

describe.each(databases)('segments on %s', (kind) => {
  async function open(): Promise<World> {
    const world = await openWorld(kind, NOW)
    for (const slug of ['daily', 'weekly'])
      await subscribers.addList(world, 'cli', { slug, title: slug, language: 'ar' })
    await subscribers.addField(world, 'cli', { name: 'city', title: 'المدينة' })
    await subscribers.addField(world, 'cli', { name: 'age', kind: 'number' })
    await subscribers.addField(world, 'cli', { name: 'born', kind: 'date' })
    for (const person of PEOPLE) await enter(world, person)
    return world
  }

  /** Who is in a segment of this rule, by the first part of their addresses. */
  async function members(world: World, rule: object, slug = 'x'): Promise<string> {
    await segments.add(world, 'cli', { slug, list: 'daily', rule: JSON.stringify(rule) })
    const segment = await segments.find(world.db, slug)
    const condition = await segments.condition(world.db, segment, instant(world.now()))
    const wanted = { list: 'daily', state: 'active', condition } as const
    const { readers } = await subscribers.find(world.db, wanted)
    expect((await segments.count(world, segment)).readers).toBe(readers.length)
    await segments.remove(world, 'cli', slug)
    return readers
      .map(({ address }) => address!.toLowerCase().split('@')[0])
      .sort()
      .join(' ')
  }

  test('each kind of rule means those readers of its list, and no others', async () => {
    await using world = await open()
    const facts: [object, string][] = [
      [{ domain: 'GMAIL.com' }, 'amal'],
      [{ domain: ['gmail.com', '@hotmail.com'] }, 'amal berk'],
      [{ domain: '*.edu.tr' }, 'carol'],
      [{ language: 'ar' }, 'amal dina'],
      [{ language: ['en', 'tr'] }, 'berk carol'],
      [{ format: 'text' }, 'carol'],
      [{ list: 'weekly' }, 'berk'],
      [{ confirmed: true }, 'amal'],
      [{ confirmed: false }, 'berk carol dina'],
      [{ joined: { within: '30d' } }, 'berk dina'],
      [{ joined: { before: '2026-01-01' } }, 'amal'],
      [{ joined: { after: '2026-01-01', before: '2026-11-01' } }, 'carol'],
      [{ field: { name: 'city', is: 'حلب' } }, 'amal'],
      [{ field: { name: 'city', in: ['حلب', 'x'] } }, 'amal'],
      [{ field: { name: 'city', contains: '100%' } }, 'berk'],
      [{ field: { name: 'city', begins: '%' } }, ''],
      [{ field: { name: 'city', empty: true } }, 'carol dina'],
      [{ field: { name: 'age', at_least: 10 } }, 'amal'],
      [{ field: { name: 'age', at_most: 9 } }, 'carol'],
      [{ field: { name: 'born', before: '1991-01-01' } }, 'amal'],
      [{ not: { field: { name: 'city', is: 'حلب' } } }, 'berk carol dina'],
      [{ not: { field: { name: 'age', at_least: 10 } } }, 'berk carol dina'],
      [{ and: [{ language: 'ar' }, { not: { domain: 'gmail.com' } }] }, 'dina'],
      [{ or: [{ list: 'weekly' }, { format: 'text' }] }, 'berk carol'],
      [{ letters: { at_most: 0 } }, 'amal berk carol dina'],
      [{ letters: { at_least: 1, within: '30d' } }, ''],
      [{ bounces: { at_least: 1 } }, ''],
      [{ changed: { within: '30d' } }, ''],
    ]
    for (const [rule, who] of facts) expect([rule, await members(world, rule)]).toEqual([rule, who])
  })

  test('letters, bounces and changes of preferences count where there were some', async () => {
    await using world = await open()
    const row = await world.db
      .selectFrom('subscription')
      .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
      .select(['subscription.id', 'subscriber_id'])
      .where('address', '=', 'amal@gmail.com')
      .executeTakeFirstOrThrow()
    const at = instant(world.now())
    const about = { subscriber_id: row.subscriber_id, edition_id: null, words: '', domain: '', via: 'mail' }
    await world.db
      .insertInto('bounce')
      .values({ ...about, kind: 'soft', at })
      .execute()
    await world.db
      .insertInto('bounce')
      .values({ ...about, kind: 'leaving', at })
      .execute()
    const change = { actor: 'reader', verb: 'subscription.prefer', subject: `subscription:${row.id}`, at }
    await world.db.insertInto('change').values(change).execute()
    await world.db
      .insertInto('change')
      .values({ ...change, actor: 'cli', subject: 'subscription:2' })
      .execute()
    expect(await members(world, { bounces: { at_least: 1 } })).toBe('amal')
    expect(await members(world, { bounces: { at_least: 2 } })).toBe('')
    expect(await members(world, { changed: { within: '30d' } })).toBe('amal')
  })

  test('a digest for a segment goes to its readers alone, and says to the others why', async () => {
    await using world = await open()
    await publish(world)
    await segments.add(world, 'cli', { slug: 'arabs', list: 'daily', rule: '{"language":"ar"}' })
    const draft = { slug: 'd', channel: 'all', list: 'daily', at: '07:00', zone: 'Europe/Istanbul' }
    await expect(digests.add(world, 'cli', { ...draft, list: 'weekly', segment: 'arabs' })).rejects.toMatchObject({
      code: 'segment-other-list',
    })
    await digests.add(world, 'cli', { ...draft, segment: 'arabs' })
    expect(await digests.composeNow(world, 'cli', 'd')).toMatchObject({ state: 'composed', recipients: 2 })
    const why = async (address: string) =>
      (await digests.why(world.db, address, instant(world.now()))).map((one) => one.why)
    expect(await why('amal@gmail.com')).toEqual(['queued'])
    expect(await why('berk@hotmail.com')).toEqual(['not-in-segment'])
    expect(await why('gone@gmail.com')).toEqual(['left'])
    expect(await why('other@gmail.com')).toEqual(['never-on-list'])
    expect(await why('nobody@gmail.com')).toEqual(['unknown'])
    await expect(segments.remove(world, 'cli', 'arabs')).rejects.toMatchObject({ code: 'segment-in-use' })
  })

  test('an export of a segment holds its readers with their fields', async () => {
    await using world = await open()
    await segments.add(world, 'cli', { slug: 'arabs', list: 'daily', rule: '{"language":"ar"}' })
    const segment = await segments.find(world.db, 'arabs')
    const output = new PassThrough()
    const written = text(output)
    const only = await segments.condition(world.db, segment, instant(world.now()))
    expect(await subscribers.exportCsv(world, 'daily', output, only)).toBe(2)
    output.end()
    expect((await written).split('\r\n')[0]).toMatch(/city,age,born$/)
    expect(await written).toContain('حلب,30,1990-02-03')
  })

  test('a count is of those whom the rule means one by one, however it is put together', async () => {
    await using world = await open()
    await returnLetters(world)
    await subscribers.suppress(world, 'cli', 'berk@hotmail.com', 'asked')
    const dina = await subscribers.show(world.db, 'dina@gmail.com.evil.example')
    await world.db
      .updateTable('subscription')
      .set({ paused_until: later(instant(world.now()), DAY) })
      .where('subscriber_id', '=', (eb) => eb.selectFrom('subscriber').select('id').where('address', '=', dina.address))
      .execute()
    const leaf = fc.oneof(
      fc.integer({ min: 0, max: 5 }).chain((n) => fc.constantFrom({ bounces: { at_most: n } }, { bounces: { at_least: n + 1 } }, { bounces: { at_least: 1, at_most: n + 1 } })),
      fc.constantFrom('i', 'ist', '%', 'حلب', 'x').map((contains) => ({ field: { name: 'city', contains } })),
      fc.constantFrom<object>({ language: 'ar' }, { list: 'weekly' }, { domain: '*.example' }, { letters: { at_most: 2 } }, { confirmed: true }),
    ) // biome-ignore format: one list
    const { tree } = fc.letrec<{ tree: object }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        leaf,
        tie('tree').map((not) => ({ not })),
        fc.array(tie('tree'), { minLength: 1, maxLength: 4 }).map((and) => ({ and })),
        fc.array(tie('tree'), { minLength: 1, maxLength: 4 }).map((or) => ({ or })),
      ),
    }))
    let n = 0
    await fc.assert(
      fc.asyncProperty(tree, async (rule) => {
        const segment = await segments.add(world, 'cli', { slug: `s${n++}`, list: 'daily', rule: JSON.stringify(rule) })
        const condition = await segments.condition(world.db, segment, instant(world.now()))
        const { readers } = await subscribers.find(world.db, { list: 'daily', state: 'active', condition })
        const writable = readers.filter(({ address }) => !/^(berk|dina)@/i.test(address!))
        expect(await segments.count(world, segment)).toEqual({ readers: readers.length, writable: writable.length })
      }),
      { numRuns: 150 },
    )
  })

  test('counting can be stopped', async () => {
    await using world = await open()
    await segments.add(world, 'cli', { slug: 'x', list: 'daily', rule: '{"language":"ar"}' })
    const segment = await segments.find(world.db, 'x')
    await expect(segments.count(world, segment, AbortSignal.abort())).rejects.toThrow()
  })

  test('a rule has its list, known fields that fit, and a slug of its own', async () => {
    await using world = await open()
    const add = (rule: object, list?: string) =>
      segments.add(world, 'cli', { slug: 'y', rule: JSON.stringify(rule), ...(list && { list }) })
    await expect(add({ language: 'ar' })).rejects.toMatchObject({ code: 'segment-list-needed' })
    await expect(add({ list: 'none' })).rejects.toMatchObject({ code: 'list-not-found' })
    await expect(add({ or: [{ list: 'daily' }, { list: 'none' }] }, 'daily')).rejects.toMatchObject({
      code: 'list-not-found',
    })
    await expect(add({ field: { name: 'town', is: 'x' } }, 'daily')).rejects.toMatchObject({ code: 'field-not-found' })
    for (const field of [
      { name: 'age', is: '30' },
      { name: 'city', at_least: 3 },
      { name: 'age', begins: '3' },
      { name: 'city', after: '2026-01-01' },
    ])
      await expect(add({ field }, 'daily')).rejects.toMatchObject({ code: 'field-test' })
    expect((await add({ and: [{ list: 'weekly' }, { language: 'ar' }] })).list_id).toBe(2)
    await expect(add({ list: 'weekly' })).rejects.toMatchObject({ code: 'slug-taken' })
  })

  test('contains and begins take for the same what the search takes for the same', async () => {
    await using world = await open()
    const kept = ['İZMİR', 'Işık', 'Şanlıurfa', 'إِدلِب الخضراء', 'حـمـاة', 'Straße ٣', 'Łódź', '\ufb01n']
    for (const [n, city] of kept.entries()) await enter(world, { address: `r${n}@example.org`, fields: { city } })
    const facts: [string, string][] = [
      ['izmir', 'r0'], ['ızmır', 'r0'], ['isik', 'r1'], ['SANLIURFA', 'r2'], ['ادلب', 'r3'], ['أدلب', 'r3'], ['حماه', 'r4'],
      ['strasse 3', 'r5'], ['lodz', 'r6'], ['FIN', 'r7'],
    ] // biome-ignore format: one table
    for (const [typed, who] of facts)
      for (const test of ['begins', 'contains'])
        expect([typed, await members(world, { field: { name: 'city', [test]: typed } })]).toEqual([typed, who])
    for (const nothing of ['ـ', '\u064b'])
      expect(await members(world, { field: { name: 'city', contains: nothing } })).toBe('')
  })

  test('a text is folded in the database as everywhere', async () => {
    await using world = await open()
    // Of scripts that have long been in Unicode: each database has a version of its own.
    const letter = fc.oneof(fc.integer({ min: 0x20, max: 0x17ff }), fc.integer({ min: 0xf900, max: 0xfefc }))
    const letters = fc.array(letter, { maxLength: 40 }).map((codes) => oneLine(String.fromCodePoint(...codes)))
    const others = fc.constantFrom(
      'İ',
      'ı',
      'Σ',
      'ς',
      'ﷺ',
      'ﻻ',
      'ẞ',
      'K',
      'ǅ',
      'ա',
      'Ⴀ',
      '٣',
      'ۮ',
      '가',
      'ｶﾞ',
      '\u0085',
      '\u00a0',
      'é',
      'ễ',
    )
    const texts = fc.array(fc.oneof(letters, others), { maxLength: 6 }).map((some) => some.join(''))
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { minLength: 20, maxLength: 20 }), async (some) => {
        const row = (text: string) =>
          sql<string>`select ${foldedIn(kindOf(world.db), sql`cast(${text} as text)`)} as text`
        const { rows } = await sql<{ text: string }>`${sql.join(some.map(row), sql` union all `)}`.execute(world.db)
        expect(rows.map(({ text }) => text)).toEqual(some.map(fold))
      }),
      { numRuns: 60 },
    )
  })

  test('hostile text in a rule is compared, never run', async () => {
    await using world = await open()
    const hostile = ["'; drop table subscriber; --", '" or 1=1', '%', '\\', '$."x"', 'a\u2028b', "') or ('1'='1"]
    for (const value of hostile)
      for (const test of [{ is: value }, { begins: value }, { contains: value }, { in: [value] }])
        expect([value, await members(world, { field: { name: 'city', ...test } })]).toEqual([
          value,
          value === '%' && 'contains' in test ? 'berk' : '',
        ])
    expect((await subscribers.find(world.db, {})).readers).toHaveLength(PEOPLE.length)
  })
})

/** Each reader has one more than the one before. */
async function returnLetters(world: World): Promise<void> {
  const readers = await world.db.selectFrom('subscriber').select('id').orderBy('id').execute()
  const at = instant(world.now())
  const about = { edition_id: null, kind: 'soft', words: '', domain: '', via: 'mail', at }
  const rows = readers.flatMap(({ id }, n) => Array.from({ length: n }, () => ({ ...about, subscriber_id: id })))
  await world.db.insertInto('bounce').values(rows).execute()
}

test('what is unknown in a rule is named, with its place and what was meant', async () => {
  await using world = await openWorld('sqlite', NOW)
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'daily', language: 'ar' })
  const refused = async (rule: string) => {
    const error = await segments.add(world, 'cli', { slug: 'x', list: 'daily', rule }).catch((problem) => problem)
    expect(error).toBeInstanceOf(Problem)
    return [error.code, error.values]
  }
  expect(await refused('{"lnguage":"ar"}')).toEqual([
    'rule-unknown',
    { place: 'the rule', key: 'lnguage', suggestion: 'language' },
  ])
  expect(await refused('{"and":[{"joined":{"befor":"2026-01-01"}}]}')).toEqual([
    'rule-unknown',
    { place: 'and[0].joined', key: 'befor', suggestion: 'before' },
  ])
  expect((await refused('{"__proto__":{"a":1}}'))[0]).toBe('rule-unknown')
  expect((await refused('{"sql":"1=1"}'))[0]).toBe('rule-unknown')
  expect((await refused('{}'))[0]).toBe('rule-one-key')
  expect((await refused('{"language":"ar","format":"text"}'))[0]).toBe('rule-one-key')
  expect((await refused('{'))[0]).toBe('rule-not-json')
  expect((await refused('[]'))[0]).toBe('rule-value')
  for (const rule of [
    '{"joined":{}}', '{"joined":{"within":"30d","before":"2026-01-01"}}', '{"joined":{"before":"2026-13-01"}}', '{"and":[]}', '{"domain":"a b"}',
    '{"language":"§"}', '{"letters":{}}', '{"letters":{"at_least":-1}}', '{"format":"pdf"}', '{"confirmed":"yes"}', '{"field":{"name":"a b","is":1}}', '{"not":[]}',
  ]) // biome-ignore format: one list
    expect([rule, (await refused(rule))[0]]).toEqual([rule, 'rule-value'])
  expect((await refused(`${'{"not":'.repeat(7)}{"language":"ar"}${'}'.repeat(7)}`))[0]).toBe('rule-too-deep')
  expect((await refused(JSON.stringify({ or: Array(60).fill({ language: 'ar' }) })))[0]).toBe('rule-too-many')
  expect((await refused(`{"language":"${'a'.repeat(20_000)}"}`))[0]).toBe('rule-too-large')
})

test('whatever is given as a rule is a segment or a Problem', async () => {
  await using world = await openWorld('sqlite', NOW)
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'daily', language: 'ar' })
  const keys = fc.constantFrom(
    'and',
    'or',
    'not',
    'field',
    'list',
    'domain',
    'language',
    'joined',
    'letters',
    'x',
    'within',
    'before',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 2 }),
    ),
  }))
  let n = 0
  await fc.assert(
    fc.asyncProperty(tree, async (rule) => {
      try {
        await segments.add(world, 'cli', { slug: `s${n++}`, list: 'daily', rule: JSON.stringify(rule) ?? 'null' })
        const made = await segments.find(world.db, `s${n - 1}`)
        await segments.count(world, made)
        expect(await segments.inWords(world.db, made, 'tr')).toMatch(/daily/)
      } catch (error) {
        expect(error).toBeInstanceOf(Problem)
      }
    }),
    { numRuns: 300 },
  )
})

test('a segment is said in Arabic, English and Turkish', async () => {
  await using world = await openWorld('sqlite', NOW)
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar' })
  const rule = {
    and: [
      { joined: { before: '2026-01-01' } },
      { not: { or: [{ domain: ['gmail.com', 'hotmail.com'] }, { letters: { at_least: 5, within: '90d' } }] } },
      { or: [{ language: 'ar' }, { confirmed: true }] },
    ],
  }
  const made = await segments.add(world, 'cli', { slug: 'x', list: 'daily', rule: JSON.stringify(rule) })
  const said = (language: string) => segments.inWords(world.db, made, language)
  expect(await said('en')).toBe(
    'Readers of “الموجز” who joined before 01/01/2026 and (whose address is not at gmail.com or hotmail.com and who were sent at most 4 letters in the last 90 days) and (who read in Arabic or who confirmed by their own press).',
  )
  expect(await said('ar')).toBe(
    'قرّاء «الموجز» الذين انضمّوا قبل 01/01/2026 و(ليست عناوينهم على gmail.com أو hotmail.com ولم يُرسل إليهم أكثر من 4 رسائل في آخر 90 يومًا) و(لغة رسائلهم العربية أو أكّدوا اشتراكهم بأنفسهم).',
  )
  expect(await said('tr')).toContain(
    '01/01/2026 tarihinden önce katılan ve (adresi gmail.com veya hotmail.com alan adında olmayan',
  )
  expect(await said('C.UTF-8')).toMatch(/^Readers/)
})

async function enter(world: World, person: Given): Promise<void> {
  const { address, lists = ['daily'], language = 'ar', format = 'html', days = 50, asked, state = 'active' } = person
  const at = later(instant(world.now()), -days * DAY)
  const to = email(address)
  const { id } = await world.db
    .insertInto('subscriber')
    .values({
      ...{ public_id: publicId(), address: to, address_hash: addressHash(to), created_at: at },
      fields: person.fields ? JSON.stringify(person.fields) : null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  for (const slug of lists) {
    const { id: list_id } = await subscribers.findList(world.db, slug)
    const row = { list_id, subscriber_id: id, sections: '', feed_epoch: 0, created_at: at, confirmed_at: at }
    const left = state === 'left' ? { left_at: at } : {}
    await world.db
      .insertInto('subscription')
      .values({ ...row, ...left, state, format, language, requested_at: asked ? at : null })
      .execute()
  }
}

async function publish(world: World): Promise<void> {
  const articles = await import('../src/articles/index.ts')
  const story = { guid: 'g1', title: 'خبر', language: 'ar', published_at: '2026-11-23T03:00:00Z' }
  const line = Buffer.from(JSON.stringify(story))
  await articles.importLines(
    world,
    'cli',
    (async function* () {
      yield line
    })(),
  )
}
