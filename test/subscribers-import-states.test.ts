import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, openWorld, type World } from './world.ts'

const SIGNS = 'Email Address,First Name,MEMBER_RATING,LEID,EUID'

describe.each(databases)('a file of people who are gone, on %s', (kind) => {
  test('says so in any of its columns that are called status', async () => {
    await using world = await open()
    const text =
      'email,status,name,status\na@e.example,enabled,A,unsubscribed\nb@e.example,enabled,B,confirmed\nc@e.example,blocklisted,C,confirmed\n'
    await bring(world, 'joined.csv', text)
    expect(await active(world)).toEqual(['b@e.example'])
  })

  test.each([
    ['two columns', 'gone@e.example,unsubscribed\nstay@e.example,active\n'],
    ['three columns', 'gone@e.example,Gone,unsubscribed\nstay@e.example,Stay,\nback@e.example,Back,bounced\n'],
  ])('says so without a header in %s', async (_, text) => {
    await using world = await open()
    await bring(world, 'x.csv', text)
    expect(await active(world)).toEqual(['stay@e.example'])
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

async function active(world: World): Promise<(string | null)[]> {
  const rows = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .leftJoin('suppression', 'suppression.address_hash', 'subscriber.address_hash')
    .select('subscriber.address')
    .where('state', '=', 'active')
    .where('suppression.id', 'is', null)
    .orderBy('subscriber.address')
    .execute()
  return rows.map(({ address }) => address)
}
