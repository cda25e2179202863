import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as segments from '../src/segments/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { ask, join, leave, OWN, openReadership, publish, type Readership } from './readership.ts'
import { databases } from './world.ts'

const START = '2026-11-23T04:00:00Z' // Monday, 07:00 in Istanbul
const MONDAY = 1

describe.each(databases)("a reader's own hour on %s", (kind) => {
  test('the next letter is named in words of three languages', async () => {
    await using of = await openReadership(kind, START)
    await join(of, 'omar')
    const says = async (language: string) => (await coming(of, 'omar', language)).words
    expect(await says('ar')).toBe('تصلك الرسالة التالية اليوم الساعة 8:00 بتوقيت إسطنبول.')
    of.world.clock.set('2026-11-23T06:00:00Z')
    expect(await coming(of, 'omar', 'ar')).toMatchObject({
      ...{ state: 'coming', on: '2026-11-24', at: Date.parse('2026-11-24T05:00:00Z'), zone: 'Europe/Istanbul' },
      when: 'غدًا الساعة 8:00 بتوقيت إسطنبول',
    })
    expect(await says('en')).toBe('The next letter comes tomorrow at 8:00, Istanbul time.')
    expect(await says('tr')).toBe('Sonraki e-posta: yarın saat 8:00, İstanbul saatiyle.')
    expect(await says('de')).toBe('The next letter comes tomorrow at 8:00, Istanbul time.')
    await ask(of, 'omar', { zone: 'America/New_York', at: '19:30', weekdays: 1 << 4 })
    expect(await says('en')).toBe('One letter a week; the next one comes on Friday at 19:30, New York time.')
    expect(await says('ar')).toBe('رسالة واحدة كل أسبوع؛ تصلك التالية يوم الجمعة الساعة 19:30 بتوقيت نيويورك.')
    await ask(of, 'omar', { weekdays: null, pausedUntil: '2026-12-10' })
    expect(await coming(of, 'omar', 'en')).toMatchObject({
      ...{ state: 'paused', on: '2026-12-10' },
      words:
        'Letters are paused until Thursday 10 December 2026. The next one comes on Thursday 10 December 2026 at 19:30, New York time.',
    })
    await subscribers.suppress(of.world, 'cli', 'omar@example.org', 'manual')
    expect(await coming(of, 'omar', 'ar')).toMatchObject({
      state: 'suppressed',
      words: 'لا نرسل رسائل إلى هذا العنوان.',
    })
  })

  test('no letter is promised of a digest that goes to a part of the list to which the reader does not belong', async () => {
    await using of = await openReadership(kind, START)
    await join(of, 'omar')
    await join(of, 'lena', { format: 'text' })
    await segments.add(of.world, 'cli', { slug: 'plain', list: 'list', rule: '{"format":"text"}' })
    const early = { slug: 'early', channel: 'news', list: 'list', segment: 'plain', at: '07:30', zone: OWN.zone }
    await digests.add(of.world, 'cli', early)
    expect((await coming(of, 'omar', 'en')).words).toBe('The next letter comes today at 8:00, Istanbul time.')
    expect((await coming(of, 'lena', 'en')).words).toBe('The next letter comes today at 7:30, Istanbul time.')
    await of.world.db.updateTable('digest').set({ segment_id: 1 }).execute()
    expect(await coming(of, 'omar', 'en')).toMatchObject({
      ...{ state: 'none', on: null, at: null, when: '' },
      words: 'No letter is planned on this list yet.',
    })
    expect(await coming(of, 'lena', 'en')).toMatchObject({ state: 'coming' })
  })

  test('who had a letter today is told of the next one on another day, also after moving west', async () => {
    await using of = await openReadership(kind, START)
    await join(of, 'omar')
    await story(of, 's1')
    of.world.clock.set('2026-11-23T05:00:00Z')
    expect(await digests.composeDue(of.world, 'job')).toMatchObject([{ state: 'composed', recipients: 1 }])
    await ask(of, 'omar', { zone: 'America/New_York' })
    expect(await coming(of, 'omar', 'en')).toMatchObject({ on: '2026-11-24' })
    of.world.clock.set('2026-11-23T13:00:00Z') // 08:00 in New York, still Monday
    await story(of, 's2')
    expect(await digests.composeDue(of.world, 'job')).toMatchObject([{ state: 'skipped', reason: 'all-served' }])
  })

  test('a slot is there as long as somebody is in it, and comes back with its readers', async () => {
    await using of = await openReadership(kind, START)
    for (const name of ['omar', 'lena']) await join(of, name, { zone: 'Europe/Berlin' })
    expect(await live(of)).toEqual(['Europe/Istanbul 480 127', 'Europe/Berlin 480 127'])
    await ask(of, 'lena', { zone: null })
    expect(await live(of)).toHaveLength(2)
    await ask(of, 'omar', { zone: 'Africa/Cairo', weekdays: MONDAY })
    expect(await live(of)).toEqual(['Europe/Istanbul 480 127', 'Africa/Cairo 480 1'])
    await leave(of, 'omar')
    of.world.clock.set('2026-11-23T06:00:00Z')
    await digests.composeDue(of.world, 'job')
    expect(await live(of)).toEqual(['Europe/Istanbul 480 127'])
    await of.world.db
      .updateTable('subscription')
      .set({ state: 'active' })
      .where('id', '=', of.ids.get('omar')!)
      .execute()
    of.world.clock.set('2026-11-24T06:00:00Z')
    await digests.composeDue(of.world, 'job')
    const slots = await of.world.db.selectFrom('slot').selectAll().where('zone', '=', 'Africa/Cairo').execute()
    expect(slots).toMatchObject([{ ended_at: null, next_on: '2026-11-30' }])
  })

  test('zones that an import brings are kept, also for a digest that comes after it', async () => {
    await using of = await openReadership(kind, START)
    const rows = Array.from({ length: 4201 }, (_, n) => `r${n}@example.org,${n % 2 ? 'Europe/Berlin' : 'Nowhere/Else'}`)
    const csv = `email,zone\n${rows.join('\n').replaceAll('Nowhere/Else', '')}\n`
    await subscribers.importCsv(of.world, 'cli', Readable.from([csv]), { list: 'list' })
    await story(of, 's1')
    of.world.clock.set('2026-11-23T05:00:00Z')
    expect(await digests.composeDue(of.world, 'job')).toMatchObject([{ state: 'composed', recipients: 2101 }])
    await digests.add(of.world, 'cli', {
      slug: 'other',
      channel: 'news',
      list: 'list',
      at: '10:00',
      zone: 'Asia/Tokyo',
    })
    await digests.composeDue(of.world, 'job') // the minute's turn finds the new digest's hours
    of.world.clock.set('2026-11-23T09:00:00Z')
    const due = await digests.composeDue(of.world, 'job')
    expect(due).toMatchObject([
      { digest: 'daily', recipients: 2100 },
      { digest: 'other', recipients: 2100 },
    ])
  })

  test('by hand everybody gets the edition whose weekday it is, the own hour first', async () => {
    await using of = await openReadership(kind, START)
    await join(of, 'own')
    await join(of, 'lena', { zone: 'Europe/Berlin', at: '19:00' })
    await join(of, 'fridays', { weekdays: 1 << 4 })
    await story(of, 's1')
    const composed = await digests.composeDay(of.world, 'cli', 'daily')
    expect(composed).toMatchObject([
      { state: 'composed', recipients: 1, url: 'https://news.example/editions/daily/2026-11-23' },
      { state: 'composed', recipients: 1 },
    ])
    expect(composed[1]!.url).toBe(`https://news.example/editions/daily/2026-11-23?edition=${composed[1]!.edition}`)
    expect(await digests.monthOf(of.world.read, 'daily', '2026-11')).toHaveLength(1)
    of.world.clock.set('2026-11-23T18:00:00Z')
    expect(await digests.composeDue(of.world, 'job')).toMatchObject([{ state: 'exists' }]) // the own hour has moved on to its next day
  })

  test('the archive has its edition where every reader asked for an hour of their own', async () => {
    await using of = await openReadership(kind, START)
    await join(of, 'lena', { zone: 'Europe/Berlin' })
    await story(of, 's1')
    of.world.clock.set('2026-11-23T05:00:00Z')
    const [own] = await digests.composeDue(of.world, 'job')
    expect(own).toMatchObject({ state: 'composed', recipients: 0, stories: 1 })
    of.world.clock.set('2026-11-24T05:00:00Z')
    expect(await digests.composeDue(of.world, 'job')).toMatchObject([{ reason: 'missed' }, { reason: 'no-news' }])
    expect((await digests.monthOf(of.world.read, 'daily', '2026-11')).map(({ day }) => day)).toEqual(['2026-11-23'])
    expect(await deliveries.verify(of.world.db, own!.edition!)).toMatchObject({ recipients: 0, reconciled: true })
  })

  test('readers whose sections come to the same stories share a letter; headlines are titles, dates and links', async () => {
    await using of = await openReadership(kind, START)
    await join(of, 'sport', { sections: ['رياضة'] })
    await join(of, 'both', { sections: ['رياضه', 'سياسة'] })
    await join(of, 'arts', { sections: ['فن'] })
    await join(of, 'headlines', { format: 'headlines' })
    const now = of.world.now().epochMilliseconds
    await publish(of, [
      { name: 's1', arrives: now, published: now - 1000, section: 'رياضة' },
      { name: 's2', arrives: now, published: now - 2000, section: null },
    ])
    expect(await digests.composeNow(of.world, 'cli', 'daily')).toMatchObject({ recipients: 3 })
    const parts = await of.world.db
      .selectFrom('part')
      .select(['format', 'stories', 'html', 'text'])
      .orderBy('stories')
      .execute()
    expect(parts.map(({ format, stories }) => [format, stories])).toEqual([
      ['html', 1],
      ['headlines', 2],
    ])
    expect(parts[0]!.text).not.toContain('خبر s2')
    expect(parts[0]!.html).toContain('نص الخبر')
    expect(parts[1]!.html).toContain('خبر s2')
    expect(`${parts[1]!.html}${parts[1]!.text}`).not.toContain('نص الخبر')
  })

  test('a letter that waits at one hour is not superseded by the edition of another', async () => {
    await using of = await openReadership(kind, START)
    await join(of, 'omar')
    await join(of, 'lena', { zone: 'Europe/Berlin' })
    await story(of, 's1')
    of.world.clock.set('2026-11-23T05:00:00Z')
    await digests.composeDue(of.world, 'job')
    await of.world.db
      .updateTable('delivery')
      .set({ state: 'deferred', due_at: instant(of.world.now().add({ hours: 9 })) })
      .execute()
    await of.world.db.deleteFrom('tally').execute()
    const { id } = await of.world.db.selectFrom('edition').select('id').executeTakeFirstOrThrow()
    await of.world.db.updateTable('edition').set({ state: 'frozen' }).execute()
    await of.world.db.insertInto('tally').values({ edition_id: id, state: 'deferred', n: 1 }).execute()
    of.world.clock.set('2026-11-23T07:00:00Z')
    expect(await digests.composeDue(of.world, 'job')).toMatchObject([{ recipients: 1, state: 'composed' }])
    const states = await of.world.db.selectFrom('delivery').select('state').where('edition_id', '=', id).execute()
    expect(states).toEqual([{ state: 'deferred' }])
  })

  test('what is no zone, hour, weekday or day is refused, and nothing changes', async () => {
    await using of = await openReadership(kind, START)
    await join(of, 'omar')
    const wishes = [
      { zone: 'Mars/Base' },
      { at: '25:00' },
      { weekdays: 0 },
      { weekdays: 128 },
      { pausedUntil: '2026-02-30' },
    ]
    for (const wish of wishes) {
      const asking = digests.prefer(of.world, 'reader', of.ids.get('omar')!, { at: '09:00', ...wish })
      await expect(asking).rejects.toMatchObject({ status: 422 })
    }
    expect(await live(of)).toEqual(['Europe/Istanbul 480 127'])
  })
})

async function coming(of: Readership, name: string, language: string): Promise<digests.Coming> {
  return digests.coming(of.world.read, of.ids.get(name)!, instant(of.world.now()), language)
}

/** The hours that are kept now, in the order in which they were asked for. */
async function live({ world }: Readership): Promise<string[]> {
  const rows = await world.db.selectFrom('slot').selectAll().where('ended_at', 'is', null).orderBy('id').execute()
  return rows.map(({ zone, minute, weekdays }) => `${zone} ${minute} ${weekdays}`)
}

async function story(of: Readership, name: string): Promise<void> {
  const now = of.world.now().epochMilliseconds
  await publish(of, [{ name, arrives: now, published: now - 1000, section: null }])
}
