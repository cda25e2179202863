import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { first } from '../db/migrations/2026-11-first.ts'
import { publishing } from '../db/migrations/2026-11-publishing.ts'
import { sources } from '../db/migrations/2026-11-sources.ts'
import * as articles from '../src/articles/index.ts'
import { handler } from '../src/web/server.ts'
import { databases, openWorld, type World } from './world.ts'

const NOON = '2026-11-23T09:00:00Z'

describe.each(databases)('search on %s', (kind) => {
  let world: World
  beforeAll(async () => {
    world = await openWorld(kind, NOON)
    await load(world, STORIES)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  test.each([
    ['hamza', 'ادلب', ['idlib', 'in-idlib']],
    ['hamza', 'إدلب', ['idlib', 'in-idlib']],
    ['hamza', 'اردوغان', ['marks']],
    ['tashkeel', 'حذر', ['marks']],
    ['tatweel', 'البحر', ['marks']],
    ['tatweel', 'البـــحر', ['marks']],
    ['ta marbuta', 'مدرسه', ['marks']],
    ['alef maqsura', 'مستشفي', ['marks']],
    ['Persian kaf and ye', 'کتابی', ['digits']],
    ['Arabic digits', '٢٠٢٥', ['digits']],
    ['Persian digits', '۲۰۲۵', ['digits']],
    ['Turkish dotless i', 'isikli', ['izmir']],
    ['Turkish dotted I', 'İZMİR', ['izmir']],
    ['Turkish letters', 'sehir cagri', ['izmir']],
    ['accents', 'NAIVE café', ['mixed']],
    ['two scripts', 'nato أنقرة', ['mixed']],
    ['no spaces', '北京', ['mixed']],
  ])('does not care for %s: %s', async (_, query, expected) => {
    expect(await found(world, query)).toEqual(expected)
  })

  test.each([
    ['the article', 'الاقتصاد', ['and-economy']],
    ['no article', 'اقتصاد', ['and-economy']],
    ['and the article', 'والاقتصاد', ['and-economy']],
    ['the beginning of a word', 'اقتص', ['and-economy']],
    ['a preposition, where nothing has it', 'لأردوغان', ['marks']],
    ['a word that only begins like one', 'بلدية', ['town']],
    ['God, and by God', 'الله', ['by-god']],
  ])('looks through what is glued to words: %s', async (_, query, expected) => {
    expect(await found(world, query)).toEqual(expected)
  })

  test.each([
    ['the summary', 'ملخصفريد', ['digits']],
    ['tags', 'وسمفريد', ['digits']],
    ['authors', 'كاتبفريد', ['digits']],
    ['all words, wherever each is', 'وسمفريد ملخصفريد ٢٠٢٥', ['digits']],
    ['none where one word is missing', 'وسمفريد لاوجود', []],
    ['nothing for signs alone', '*"():^-+ % _ \u0000', []],
    ['nothing for nothing', '', []],
  ])('looks in %s', async (_, query, expected) => {
    expect(await found(world, query)).toEqual(expected)
  })

  test('no query is an error, whatever it holds', async () => {
    const piece = fc.constantFrom(
      '"',
      "'",
      '*',
      ':',
      'AND',
      'NEAR(',
      'الا',
      'ب',
      '&',
      '|',
      '!',
      '<->',
      '\\',
      '\u0000',
      '\ud800',
      '{a}',
      '-',
      '+',
      '^',
      'ﷺ',
      '½',
    )
    const query = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
    )
    await fc.assert(
      fc.asyncProperty(query, async (text) => {
        expect(await found(world, text)).toBeInstanceOf(Array)
      }),
      { numRuns: 150 },
    )
  })

  test('an article is found by any beginning of any of its words', async () => {
    const words = STORIES.flatMap(({ guid, title }) =>
      title
        .split(/[^\p{L}\p{N}\p{M}]+/u)
        .filter(Boolean)
        .map((word) => ({ guid, word })),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...words), fc.nat(), async ({ guid, word }, cut) => {
        const letters = [...word]
        const query = letters.slice(0, 1 + (cut % letters.length)).join('')
        fc.pre(/[\p{L}\p{N}]/u.test(query))
        expect(await found(world, query)).toContain(guid)
      }),
      { numRuns: 150 },
    )
  })
})

describe.each(databases)('what search finds on %s', (kind) => {
  test('is what articles say now: a revision, a withdrawal, an hour to come', async () => {
    await using world = await openWorld(kind, NOON)
    await load(world, [
      { guid: 'a', title: 'الميناء القديم', body_html: '<p>سفن</p>', tags: ['بحر'] },
      { guid: 'b', title: 'الميناء غدا', published_at: '2026-11-23T10:00:00Z' },
    ])
    expect(await found(world, 'ميناء')).toEqual(['a'])
    await load(world, [{ guid: 'a', title: 'المرفأ الجديد' }])
    expect(await found(world, 'ميناء')).toEqual([])
    expect(await found(world, 'سفن')).toEqual([])
    expect(await found(world, 'بحر')).toEqual([])
    expect(await found(world, 'مرفأ')).toEqual(['a'])
    world.clock.set('2026-11-23T10:00:00Z')
    expect(await found(world, 'ميناء')).toEqual(['b'])
    await articles.withdraw(world.db, 'cli', 'b', '', instant(world.now()))
    expect(await found(world, 'ميناء')).toEqual([])
  })

  test('comes newest first and page by page, those of one moment too', async () => {
    await using world = await openWorld(kind, NOON)
    const titled = Array.from({ length: 30 }, (_, n) => ({ guid: `g${n}`, title: n % 3 === 0 ? 'قمر' : 'شمس', section: n % 2 ? 'علوم' : 'فنون', published_at: Date.parse(NOON) - 3600_000 - (n % 10 < 5 ? n * 1000 : 0) })) // biome-ignore format: one row
    await load(world, titled)
    const now = instant(world.now())
    const all = (await articles.latest(world.read, { now, limit: 99 })).filter((story) => story.title === 'قمر')
    const filter = { section: ['علوم'] }
    const pages = []
    for (const offset of [0, 4, 8])
      pages.push(...(await articles.search(world.read, 'قمر', { now, limit: 4, offset, most: 99 })).stories)
    expect(pages.map((story) => story.guid)).toEqual(all.map((story) => story.guid))
    const before = all[3]!
    const rest = await articles.latest(world.read, { now, limit: 99, query: 'قمر', before })
    expect(rest.map((story) => story.guid)).toEqual(all.slice(4).map((story) => story.guid))
    const some = await articles.latest(world.read, { now, limit: 99, query: 'قمر', filter })
    expect(some.map((story) => story.guid)).toEqual(all.filter((story) => story.section === 'علوم').map((story) => story.guid)) // biome-ignore format: one row
    expect((await articles.search(world.read, 'قمر', { now, limit: 4, most: 5 })).total).toBe(6)
  })

  test('what a transaction takes back is in no index', async () => {
    await using world = await openWorld(kind, NOON)
    const draft = articles.readRow({ guid: 'a', title: 'قمر' }, { language: 'ar', zone: 'UTC' })
    if ('reason' in draft) throw new Error(draft.reason)
    const broken = world.db.transaction().execute(async (db) => {
      const app = { ...world, db: Object.assign(Object.create(db), { transaction: () => ({ execute: (work: (db: unknown) => unknown) => work(db) }) }) } // biome-ignore format: one row
      await articles.publish(app, 'cli', [draft.draft])
      throw new Error('no')
    })
    await expect(broken).rejects.toThrow('no')
    expect(await indexed(world)).toBe(0)
  })

  test('an article as large as an import takes is indexed as far as an index goes', async () => {
    await using world = await openWorld(kind, NOON)
    const many = Array.from({ length: 150_000 }, (_, n) => `كلمة${n}`).join(' ')
    const long = 'ط'.repeat(400_000)
    expect(await load(world, [{ guid: 'a', title: 'ضخم', body_html: `<p>${long} ${many}</p>` }])).toMatchObject({
      added: 1,
    })
    expect(await found(world, 'ضخم')).toEqual(['a'])
    expect(await found(world, 'كلمة77')).toEqual(['a'])
    expect(await found(world, long)).toEqual(['a'])
  })

  test('holds what was stored before there was an index', async () => {
    await using world = await openWorld(kind, NOON, {})
    const name = kind === 'sqlite' ? 'sqlite' : 'postgres'
    await wipe(world)
    const bare = world.db as unknown as Kysely<unknown>
    await first(bare, name)
    for (let start = 0; start < 1100; start += 550) {
      const rows = Array.from({ length: 550 }, (_, n) => sql`(${`p${start + n}`}, 0, ${`g${start + n}`}, ${`urn:x:${start + n}`}, 't', '', '', 'ar', ${`بادلب كلمه${start + n}`}, '', 0, 0, 0)`) // biome-ignore format: one row
      await sql`insert into article (public_id, source_id, guid, entry_id, title, body_html, excerpt, language, folded, fingerprint, published_at, updated_at, created_at) values ${sql.join(rows)}`.execute(
        bare,
      )
    }
    await publishing(bare, name)
    await sources(bare, name)
    expect(await indexed(world)).toBe(1100)
    expect(await found(world, 'إدلب كلمة1099')).toEqual(['g1099'])
  })
})

describe.each(databases)('the search page on %s', (kind) => {
  test('shows what was found, marked, whatever is in it', async () => {
    await using world = await openWorld(kind, NOON)
    await load(world, [
      { guid: 'a', title: 'قصف «إدلب» & <b>', body_html: '<p>أول</p>' },
      { guid: 'b', title: 'خبر', body_html: `<p>${'كلام '.repeat(40)}</p><p>ثم بإدلِب &lt;script&gt; انتهى</p>` },
    ])
    const page = await ask(world, '/search?q=%D8%A7%D8%AF%D9%84%D8%A8')
    expect(page).toContain('قصف «<mark>إدلب</mark>» &#38; &#60;b&#62;')
    expect(page).toContain('كلام كلام ثم <mark>بإدلِب</mark> &#60;script&#62; انتهى')
    expect(page).toContain('خبران')
    expect(page).toContain('<meta name="robots" content="noindex">')
    expect(page).toContain('href="https://news.example/feeds/search.rss?q=%D8%A7%D8%AF%D9%84%D8%A8"')
  })

  test('says the next step where there is nothing, and cannot be written into', async () => {
    await using world = await openWorld(kind, NOON)
    expect(await ask(world, '/search')).toContain('كيفما كان رسمها')
    expect(await ask(world, '/search?q=')).toContain('كيفما كان رسمها')
    const hostile = await ask(world, `/search?q=${encodeURIComponent('"><script>alert(1)</script>\u0000 لاشيء')}`)
    expect(hostile).toContain('راجع الإملاء')
    expect(hostile).not.toContain('<script')
    expect(await ask(world, `/search?q=${'%D8%A7'.repeat(3000)}`)).toContain(`value="${'ا'.repeat(200)}"`)
    for (const path of [
      '/search?q=x&page=2',
      '/search?page=2',
      '/search?q=x&page=0',
      '/search?q=x&page=a',
      '/search?q=x&page=99999',
    ])
      expect((await handler(world).request(path)).status).toBe(404)
    expect((await handler(world).request('/search?q=%FF%00&q=2&page=1')).status).toBe(200)
  })

  test('leads to older and newer pages', async () => {
    await using world = await openWorld(kind, NOON)
    await load(
      world,
      Array.from({ length: 45 }, (_, n) => ({ guid: `g${n}`, title: `قمر & ${n}` })),
    )
    const second = await ask(world, `/search?q=${encodeURIComponent('قمر &')}&page=2`)
    expect(second).toContain('href="/search?q=%D9%82%D9%85%D8%B1%20%26" rel="prev"')
    expect(second).toContain('href="/search?q=%D9%82%D9%85%D8%B1%20%26&amp;page=3" rel="next"')
    expect(second.match(/<li>/g)!.length).toBeGreaterThanOrEqual(20)
    expect(await ask(world, `/search?q=${encodeURIComponent('قمر &')}&page=3`)).not.toContain('rel="next"')
  })

  test('every other page has its field', async () => {
    await using world = await openWorld(kind, NOON)
    for (const path of ['/', '/feeds', '/editions']) expect(await ask(world, path)).toContain('role="search"')
    expect((await ask(world, '/search')).match(/role="search"/g)).toHaveLength(1)
  })
})

const STORIES = [
  { guid: 'idlib', title: 'قصف على إدلب' },
  { guid: 'in-idlib', title: 'هدوء بإدلب' },
  { guid: 'marks', title: 'حذّر أردوغان من البـحر في مدرسة ومستشفى' },
  { guid: 'digits', title: 'كتابي 2025', summary: 'ملخصفريد', tags: ['وسمفريد'], byline: 'كاتبفريد' },
  { guid: 'izmir', title: 'Işıklı İzmir: şehir çağrısı', language: 'tr' },
  { guid: 'mixed', title: 'NATO في أنقرة: naïve café 在北京的', language: 'ar' },
  { guid: 'and-economy', title: 'الصحة واقتصاد البلاد' },
  { guid: 'town', title: 'بلدية المدينة' },
  { guid: 'has', title: 'ليس لديه وقت' },
  { guid: 'by-god', title: 'قسم بالله' },
]

/** What a query finds, by guid in the order of the stories here. */
async function found(world: World, query: string): Promise<string[]> {
  const stories = await articles.latest(world.read, { query, now: instant(world.now()), limit: 50 })
  return stories.map((story) => story.guid).reverse()
}

async function indexed(world: World): Promise<number> {
  const { rows } = await sql<{ n: number }>`select cast(count(*) as integer) as n from article_search`.execute(world.db)
  return rows[0]!.n
}

/** The database as it was before any migration. */
async function wipe(world: World): Promise<void> {
  if (world.database.kind === 'postgres') {
    await sql`drop schema public cascade`.execute(world.db)
    await sql`create schema public`.execute(world.db)
    return
  }
  await sql`pragma foreign_keys = off`.execute(world.db)
  const { rows } = await sql<{ name: string }>`select name from pragma_table_list where schema = 'main' and type in ('table', 'virtual') and name not like 'sqlite_%'`.execute(world.db) // biome-ignore format: one row
  for (const { name } of rows) await sql`drop table ${sql.table(name)}`.execute(world.db)
}

async function ask(world: World, path: string): Promise<string> {
  const answer = await handler(world).request(path)
  expect(answer.status).toBe(200)
  return answer.text()
}

async function load(world: World, rows: unknown[]): Promise<articles.Imported> {
  return articles.importLines(
    world,
    'cli',
    (async function* () {
      yield Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'))
    })(),
  )
}
