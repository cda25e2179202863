import { simpleParser } from 'mailparser'
import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import { take } from '../src/bounces/take.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as site from '../src/site.ts'
import * as subscribers from '../src/subscribers/index.ts'
import * as writing from '../src/writing.ts'
import { colleague, type Desk, openDesk } from './desk.ts'
import { promise } from './digests-room.ts'
import { bring, item, source } from './incoming.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases } from './world.ts'

const DAY = 86_400_000

describe.each(databases)('the dashboard, on %s', (kind) => {
  test('each number leads to a table of as many rows', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    const now = instant(world.now())
    for (const [slug, failures, read] of [
      ['well', 0, 0],
      ['late', 3, 0],
      ['silent', 9, 2],
      ['mute', 1, 3],
    ] as const) {
      const { id } = await source(world, slug, slug === 'well' ? { intake: 'hold' } : {})
      await world.db
        .updateTable('source')
        .set({ failures, due_at: now, read_at: later(now, -read * DAY) })
        .where('id', '=', id)
        .execute()
      if (slug === 'well')
        await bring(
          world,
          await world.db.selectFrom('source').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
          [item('1'), item('2')],
        )
    }
    const owner = await colleague(desk, 'owner')
    for (const title of ['أ', 'ب', 'ج'])
      await writing.save(world.db, { account: owner.account.id, typed: { title }, at: now } as never)
    await letters(desk)
    const figures = figuresIn(await (await owner.get('/admin')).text())
    const rows = await Promise.all(figures.map(({ path }) => rowsAt(owner, path)))
    expect(rows).toEqual(figures.map(({ n }) => n))
    expect(
      Object.fromEntries(figures.map(({ path, n }) => [path.replace(/.*(editions\/\w{11}\/|\/admin\/)/, ''), n])),
    ).toMatchObject({
      ...{ 'deliveries?state=all': 120, 'deliveries?state=submitted': 65, 'deliveries?state=refused': 20 },
      ...{ 'deliveries?state=skipped': 15, 'deliveries?state=uncertain': 8, 'deliveries?state=waiting': 12 },
      ...{ 'articles?state=waiting': 2, 'articles?state=draft': 3, 'sources?state=silent': 2, 'sources?state=well': 2 },
      ...{ 'readers?joined-after=2026-11-25': 120, 'readers?left-after=2026-11-25': 0 },
    })
  })

  test('says of the last edition whether every letter was counted, and of earlier ones', async () => {
    await using relay = await openRelay()
    await using desk = await openDesk(kind, { NASHRA_SMTP: relay.url })
    const { world } = desk
    const list = await mailing(world, 3)
    const owner = await colleague(desk, 'owner')
    const said = async () => (await owner.get('/admin')).text()
    expect(await said()).toContain('لم يُعدّ أي عدد بعد')
    const first = await edition(world, list)
    expect(await said()).toContain('حين ينتهي إرساله تُعدّ رسائله واحدة واحدة')
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect(await said()).toContain('لم تُعدّ رسائله واحدة واحدة بعد')
    await deliveries.recountDone(world, new AbortController().signal)
    expect(await said()).toContain('الحساب مطابق: عُدّت الرسائل كلها')
    await world.db.updateTable('tally').set({ n: 2 }).execute()
    await deliveries.recount(world, first.id)
    expect(await said()).toContain('الحساب غير مطابق: عُدّت الرسائل كلها')
    world.clock.advance({ hours: 1 })
    await edition(world, list, { day: '2026-11-24', to: 20 })
    const page = await said()
    expect(page).toContain('<td>غير مطابق</td>')
    expect(page).toContain(`/admin/digests/editions/${first.public_id}/deliveries?state=submitted">2</a>`)
  })

  test('counts down to the digests’ own hours, by both clocks where they differ, and says when that was so', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await promise(world)
    const hours = { at: '20:30', zone: 'America/New_York' }
    await digests.add(world, 'cli', { slug: 'other', title: 'Evening', channel: 'all', list: 'list', ...hours })
    const owner = await colleague(desk, 'owner')
    await world.db.updateTable('account').set({ language: 'en' }).execute()
    const seen = async (zone: string) =>
      (
        await desk.request('/admin', { headers: { Cookie: `${owner.cookie}; zone=${encodeURIComponent(zone)}` } })
      ).text()
    const page = await seen('Europe/Berlin')
    expect(page).toMatch(
      /datetime="2026-12-02T01:30:00\.000Z">02\/12\/2026 02:30<\/time> <bdi>Berlin<\/bdi><\/span> <span class="hour"><time[^>]*>01\/12\/2026 20:30<\/time> <bdi>New York<\/bdi>/,
    )
    expect(page).toMatch(/<time data-until data-due="[^"]+" datetime="2026-12-02T01:30:00\.000Z">in 18 hours<\/time>/)
    expect(page).toMatch(/data-now="2026-12-01T08:00:00\.000Z"/)
    expect(page).toContain('As it was at 09:00.')
    expect(await seen('Asia/Riyadh')).not.toContain('<bdi>Istanbul</bdi>') // whose clocks say the same
    world.clock.set('2026-12-02T01:30:20Z')
    const night = await colleague(desk, 'sender')
    const soon = async () => (await night.get('/admin')).text()
    expect(await soon()).toContain('>حان موعدها</time>')
    world.clock.set('2026-12-02T04:00:00Z')
    expect(await soon()).not.toContain('Evening')
  })

  test('shows a role for one list its own alone', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    await mailing(world, 3)
    const other = await subscribers.addList(world, 'cli', { slug: 'other', title: 'أخرى' })
    await edition(world, await mailing(world, 2, 'second'))
    const manager = await colleague(desk, 'list-manager', other.id)
    const page = await (await manager.get('/admin')).text()
    expect(page).not.toContain('أخبار الصباح')
    expect(figuresIn(page).map(({ path, n }) => [path.replace(/=.*/, ''), n])).toEqual([
      ['/admin/readers?joined-after', 0],
      ['/admin/readers?left-after', 0],
    ])
  })

  test('the letter about an edition, its page, the dashboard and the command say the same numbers', async () => {
    await using relay = await openRelay()
    await using desk = await openDesk(kind, { NASHRA_SMTP: relay.url })
    const { world } = desk
    await site.set(world, 'cli', { report_to: 'chief@desk.example', zone: 'Europe/Istanbul', language: 'en' })
    const list = await mailing(world, 1200)
    relay.script = { rcpt: (to) => (/-\d*7@/.test(to) ? '550 5.1.1 no such user' : '250 ok') }
    const { id, public_id } = await edition(world, list)
    for (const { subscription_id } of list.readers.slice(0, 5))
      await subscribers.leaveFor(world, subscription_id, 'page')
    await subscribers.suppress(world, 'cli', list.readers[8]!.address)
    const some = list.readers.slice(20, 26).map(({ subscriber_id }) => subscriber_id)
    const doubted_at = instant(world.now())
    await world.db.updateTable('delivery').set({ doubted_at }).where('subscriber_id', 'in', some).execute()
    await take(world, {
      subscriber_id: some[0]!,
      edition_id: id,
      via: 'mail',
      key: 'one',
      kind: 'complaint',
      status: null,
      words: 'abuse',
    })
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    await deliveries.recountDone(world, new AbortController().signal)
    const letter = relay.received.find(({ to }) => to === 'chief@desk.example')!
    const text = ((await simpleParser(Buffer.from(letter.source, 'latin1'))).text ?? '').replace(
      /[\u200e\u200f\u2066-\u2069]/g,
      '',
    )
    const told = (label: string) =>
      Number(new RegExp(`^(?:– )?${label}: ([\\d,]+)$`, 'm').exec(text)?.[1]?.replace(',', ''))
    const { recipients, submitted, refused, skipped, doubted, waiting } = await deliveries.verify(world.read, public_id)
    expect([recipients, refused, doubted.length, waiting]).toEqual([1200, 120, 6, 0])
    const owner = await colleague(desk, 'owner')
    const page = await (await owner.get(`/admin/digests/editions/${public_id}`)).text()
    const shown = (part: string) =>
      Number(new RegExp(`id="n-${part}"[^>]*>([\\d,]+)<`).exec(page)![1]!.replace(',', ''))
    const dashboard = figuresIn(await (await owner.get('/admin')).text())
    const ahead = (state: string) => dashboard.find(({ path }) => path.endsWith(`state=${state}`))!.n
    for (const [part, label, n] of [
      ['all', 'Readers', recipients],
      ['submitted', 'Submitted', submitted],
      ['refused', 'Refused for good', refused],
      ['skipped', 'Not sent', skipped],
    ] as const)
      expect([part, told(label), shown(part), ahead(part)]).toEqual([part, n, n, n])
    expect(page).toContain(
      `${submitted.toLocaleString('en')} submitted + ${refused} refused + ${skipped} not sent + 0 uncertain + 0 waiting.`,
    )
    expect(page).toContain('6 of them were uncertain once.')
    expect(page).toContain('One reader calls this edition spam.')
    for (const words of ['6 × the reader has left', '1 × nothing is written to this address'])
      expect(page).toContain(words)
    expect(text).toMatch(/: 6$/m)
  })
})

/** An edition whose letters stand in every state. */
async function letters({ world }: Desk): Promise<void> {
  const list = await mailing(world, 120)
  await edition(world, list)
  const state = (n: number) => {
    if (n % 6 === 0) return 'refused'
    if (n % 7 === 0) return 'skipped'
    if (n % 11 === 0) return 'uncertain'
    return n % 8 === 1 ? 'queued' : 'submitted'
  }
  for (const [n, { subscriber_id }] of list.readers.entries())
    await world.db
      .updateTable('delivery')
      .set({ state: state(n), doubted_at: state(n) === 'uncertain' ? instant(world.now()) : null })
      .where('subscriber_id', '=', subscriber_id)
      .execute()
  await world.db.deleteFrom('tally').execute()
  const counts = Map.groupBy(list.readers.keys(), state)
  for (const [name, rows] of counts)
    await world.db.insertInto('tally').values({ edition_id: 1, state: name, n: rows.length }).execute()
}

/** The numbers of a page, and where they lead. */
function figuresIn(page: string): { path: string; n: number }[] {
  const found = page.matchAll(/<dd><a class="leads" href="([^"]+)">([\d,]+)<\/a><\/dd>/g)
  return [...found].map(([, path, n]) => ({ path: path!, n: Number(n!.replace(',', '')) }))
}

async function rowsAt({ get }: Awaited<ReturnType<typeof colleague>>, from: string): Promise<number> {
  let count = 0
  for (let path: string | undefined = from; path; ) {
    const page = await (await get(path)).text()
    const [, rows = ''] = /<tbody>(.*?)<\/tbody>/s.exec(page) ?? []
    count += rows.match(/<tr>/g)?.length ?? 0
    path = /rel="next" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
  }
  return count
}
