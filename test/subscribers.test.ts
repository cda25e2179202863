import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { sign } from '../src/keys.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { invite, join, load, NOW, open, refused, states, subscriptionOf, tokensOf } from './joined.ts'
import { databases, type World } from './world.ts'

describe.each(databases)('lists and readers on %s', (kind) => {
  test('a list has a slug of its own, and a private one is unknown to strangers', async () => {
    await using world = await open(kind)
    await subscribers.addList(world, 'cli', { slug: 'staff', title: 'Staff', language: 'en_gb' })
    await refused('slug-taken', subscribers.addList(world, 'cli', { slug: 'staff', title: 'Again' }))
    await refused('bad-slug', subscribers.addList(world, 'cli', { slug: 'Staff!', title: 'x' }))
    await refused(
      'bad-address',
      subscribers.addList(world, 'cli', { slug: 'x', title: 'x', from: 'Desk <a@b\r\nBcc: evil@y>' }),
    )
    expect(await subscribers.findList(world.db, 'staff')).toMatchObject({ language: 'en-GB', visibility: 'private' })
    expect((await subscribers.publicLists(world.db)).map((list) => list.slug)).toEqual(['daily'])
    await refused('list-not-found', invite(world, 'a@example.org', { list: 'staff' }))
    await refused('list-not-found', invite(world, 'a@example.org', { list: 'none' }))
  })

  describe('joining', () => {
    test('whoever asks gets one letter, and reads nothing before the letter is confirmed', async () => {
      await using world = await open(kind)
      await invite(world, 'Reader@Example.org')
      expect(await states(world)).toEqual({ 'Reader@example.org': 'pending' })
      expect(await notices(world)).toMatchObject([
        { kind: 'confirm', state: 'queued', language: 'ar', due_at: instant(world.now()) },
      ])

      const { list } = await subscribers.confirm(
        world,
        (await tokensOf(world, 'reader@example.org')).confirm,
        '192.0.2.1',
      )
      expect(list.slug).toBe('daily')
      expect(await states(world)).toEqual({ 'Reader@example.org': 'active' })
    })

    test('the evidence names time, network, form, and the very words agreed to', async () => {
      await using world = await open(kind)
      await invite(world, 'a@example.org', { network: '::ffff:192.0.2.77' })
      world.clock.advance({ minutes: 3 })
      await subscribers.confirm(world, (await tokensOf(world, 'a@example.org')).confirm, '2001:db8:1:2:3:4:5:6')
      const { consents } = await subscribers.show(world.db, 'A@example.org')
      expect(consents).toMatchObject([
        {
          list: 'daily',
          kind: 'asked',
          at: NOW,
          network: '192.0.2.0/24',
          form: '/subscribe',
          actor: 'reader',
        },
        {
          list: 'daily',
          kind: 'confirmed',
          at: '2026-11-23T04:13:00Z',
          network: '2001:db8:1:2::/64',
          form: '/confirm',
        },
      ])
      expect(consents[0]!.wording).toContain('أوافق على أن تصلني هذه النشرة')
      expect(consents[1]!.wording).toContain('الموجز اليومي')
      expect(new Set(consents.map((row) => row.wording_version)).size).toBe(2)
    })

    test('an address gets one confirmation a day, whatever its case or +tag, and another the day after', async () => {
      await using world = await open(kind)
      for (const address of [
        'a@example.org',
        'A@EXAMPLE.org',
        'a+1@example.org',
        'A+x+y@Example.ORG',
        ' a@example.org ',
      ])
        await invite(world, address)
      expect(await notices(world)).toHaveLength(1)
      world.clock.advance({ hours: 23, minutes: 59 })
      await invite(world, 'a+2@example.org')
      expect(await notices(world)).toHaveLength(1)
      world.clock.advance({ minutes: 1 })
      await invite(world, 'a@example.org')
      expect(await notices(world)).toHaveLength(2)
    })

    test('asking at the same moment, from two processes, still makes one letter', async () => {
      await using world = await open(kind)
      const other = kind === 'pglite' ? world : await world.again()
      await Promise.all([world, other, world, other, world, other].map((app) => invite(app, 'a@example.org')))
      expect(await notices(world)).toHaveLength(1)
      if (other !== world) await other.database.close()
    })

    test('a network asks twenty times an hour, wherever in its /24 or /64 it stands', async () => {
      await using world = await open(kind)
      for (let n = 0; n < 20; n++)
        await invite(world, `r${n}@example.org`, { network: n % 2 ? `203.0.113.${n}` : `::ffff:203.0.113.${n}` })
      await refused('too-many-requests', invite(world, 'one-more@example.org', { network: '203.0.113.250' }))
      await invite(world, 'neighbour@example.org', { network: '203.0.112.250' })
      for (let n = 0; n < 20; n++) await invite(world, `s${n}@example.org`, { network: `2001:db8:0:7::${n}` })
      await refused('too-many-requests', invite(world, 't@example.org', { network: '2001:db8:0:7:ffff::1' }))
      world.clock.advance({ hours: 1 })
      await invite(world, 'one-more@example.org', { network: '203.0.113.250' })
    })

    test('one domain cannot be flooded from many networks', async () => {
      await using world = await open(kind)
      await world.db
        .insertInto('allowance')
        .values({ key: 'domain:example.org', since_at: instant(world.now()), n: 500 })
        .execute()
      await refused('too-many-requests', invite(world, 'a@example.org'))
      await invite(world, 'a@example.net')
    })

    test('a suppressed address gets no letter and leaves no trace of itself but the evidence', async () => {
      await using world = await open(kind)
      await subscribers.suppress(world, 'cli', 'gone@example.org', 'complaint')
      await invite(world, 'Gone@example.org')
      expect(await notices(world)).toEqual([])
      expect(await states(world)).toEqual({})
      const shown = await subscribers.show(world.db, 'gone@example.org')
      expect(shown).toMatchObject({
        suppression: { reason: 'complaint', actor: 'cli' },
        consents: [{ kind: 'asked' }],
        subscriptions: [],
      })
    })

    test('a suppression that came after the letter holds against its confirmation', async () => {
      await using world = await open(kind)
      await invite(world, 'a@example.org')
      await subscribers.suppress(world, 'cli', 'A@example.org', 'manual')
      await refused('suppressed', subscribers.confirm(world, (await tokensOf(world, 'a@example.org')).confirm, ''))
      expect(await states(world)).toEqual({ 'a@example.org': 'pending' })
    })

    test('asking again neither stops an active reader nor brings back one who left', async () => {
      await using world = await open(kind)
      await join(world, 'stays@example.org')
      await join(world, 'left@example.org')
      await subscribers.leave(world, (await tokensOf(world, 'left@example.org')).unsubscribe, 'page', '')
      world.clock.advance({ hours: 25 })
      await invite(world, 'stays@example.org')
      await invite(world, 'left@example.org')
      expect(await states(world)).toEqual({ 'left@example.org': 'left', 'stays@example.org': 'active' })
      await subscribers.confirm(world, (await tokensOf(world, 'left@example.org')).confirm, '')
      expect(await states(world)).toEqual({ 'left@example.org': 'active', 'stays@example.org': 'active' })
    })

    test('who comes back in another language reads that one; who never left keeps theirs whoever fills in the form', async () => {
      await using world = await open(kind)
      for (const address of ['stays@example.org', 'left@example.org']) await join(world, address)
      await subscribers.leave(world, (await tokensOf(world, 'left@example.org')).unsubscribe, 'page', '')
      world.clock.advance({ hours: 25 })
      for (const address of ['stays@example.org', 'left@example.org']) {
        await subscribers.invite(world, { list: 'daily', address, network: '192.0.2.9', form: '/', language: 'tr' })
        await subscribers.confirm(world, (await tokensOf(world, address)).confirm, '')
      }
      const languages = await world.db
        .selectFrom('subscription')
        .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
        .select(['address', 'language'])
        .orderBy('address')
        .execute()
      expect(languages).toEqual([
        { address: 'left@example.org', language: 'tr' },
        { address: 'stays@example.org', language: 'ar' },
      ])
    })

    test('a confirmation can be pressed for seven days, twice without harm, and outlives a later letter', async () => {
      await using world = await open(kind)
      await invite(world, 'a@example.org')
      const first = (await tokensOf(world, 'a@example.org')).confirm
      world.clock.advance({ hours: 24 })
      await invite(world, 'a@example.org')
      const second = (await tokensOf(world, 'a@example.org')).confirm
      expect(second).not.toBe(first)
      await subscribers.confirm(world, first, '')
      await subscribers.confirm(world, second, '')
      const { consents } = await subscribers.show(world.db, 'a@example.org')
      expect(consents.map((row) => row.kind)).toEqual(['asked', 'asked', 'confirmed'])
      world.clock.advance({ hours: 24 * 6 + 1 })
      await refused('link-expired', subscribers.confirm(world, first, ''))
      await subscribers.confirm(world, second, '')
    })

    test('control characters in an address are refused, not trimmed', async () => {
      await using world = await open(kind)
      for (const address of [
        'a@example.org\r\nBcc: evil@example.net',
        'a@example.org\n',
        '\0a@example.org',
        'a\t@example.org',
        '"a b"@example.org',
        'a@[192.0.2.1]',
        '',
      ]) {
        await refused('bad-address', invite(world, address))
      }
      await invite(world, '\u202ba@example.org\u202c\u00a0') // copied from a right-to-left document
      expect(Object.keys(await states(world))).toEqual(['a@example.org'])
    })
  })

  describe('leaving', () => {
    test('is at once, stops what waits, and can be said again', async () => {
      await using world = await open(kind)
      await invite(world, 'a@example.org')
      const { unsubscribe } = await tokensOf(world, 'a@example.org')
      const first = await subscribers.leave(world, unsubscribe, 'one-click', '192.0.2.1')
      const again = await subscribers.leave(world, unsubscribe, 'page', '192.0.2.1')
      expect([first.list.slug, again.list.slug]).toEqual(['daily', 'daily'])
      expect(await states(world)).toEqual({ 'a@example.org': 'left' })
      expect(await notices(world)).toMatchObject([{ state: 'skipped' }])
      const { consents, subscriptions } = await subscribers.show(world.db, 'a@example.org')
      expect(consents.map((row) => row.kind)).toEqual(['asked', 'left'])
      expect(subscriptions).toMatchObject([{ left_reason: 'one-click', left_at: NOW }])
    })

    test('works for as long as the letter exists', async () => {
      await using world = await open(kind)
      await join(world, 'a@example.org')
      const { unsubscribe } = await tokensOf(world, 'a@example.org')
      world.clock.set('2046-11-23T00:00:00Z')
      await subscribers.leave(world, unsubscribe, 'page', '')
      expect(await states(world)).toEqual({ 'a@example.org': 'left' })
    })

    test('a token is worth nothing for another purpose, another reader, or changed', async () => {
      await using world = await open(kind)
      await join(world, 'a@example.org')
      await join(world, 'b@example.org')
      const { unsubscribe, confirm } = await tokensOf(world, 'a@example.org')
      const other = await idOf(world, 'b@example.org')
      const form = sign(world.keys, 'form', await idOf(world, 'a@example.org'))
      const flipped = unsubscribe.slice(0, -1) + (unsubscribe.endsWith('A') ? 'B' : 'A')
      const turned = Buffer.from(unsubscribe, 'base64url')
      turned.writeUIntBE(other, 1, 5)
      for (const token of [
        confirm,
        form,
        flipped,
        turned.toString('base64url'),
        '',
        'x',
        unsubscribe.slice(1),
        `${unsubscribe}a`,
      ]) {
        await refused('link-invalid', subscribers.leave(world, token, 'page', ''))
      }
      for (const token of [unsubscribe, form, turned.toString('base64url')])
        await refused('link-invalid', subscribers.confirm(world, token, ''))
      expect(await states(world)).toEqual({ 'a@example.org': 'active', 'b@example.org': 'active' })
    })
  })

  test('the trail names no address', async () => {
    await using world = await open(kind)
    await join(world, 'somebody@example.org')
    await subscribers.leave(world, (await tokensOf(world, 'somebody@example.org')).unsubscribe, 'page', '')
    await subscribers.suppress(world, 'cli', 'somebody@example.org', 'manual')
    await load(world, 'email\nelse@example.org\n')
    const trail = await world.db.selectFrom('change').selectAll().orderBy('id').execute()
    expect(trail.map((row) => row.verb)).toEqual([
      'list.add',
      'subscription.ask',
      'subscription.confirm',
      'subscription.leave',
      'suppression.add',
      'subscribers.import',
      'import.end',
    ])
    expect(JSON.stringify(trail)).not.toContain('@')
    expect(JSON.stringify(world.logs)).not.toContain('@')
  })

  test('nothing is shown of an address that we do not know', async () => {
    await using world = await open(kind)
    await refused('subscriber-not-found', subscribers.show(world.db, 'nobody@example.org'))
  })
})

async function idOf(world: World, address: string): Promise<number> {
  return (await subscriptionOf(world, address)).id
}

async function notices(world: World) {
  return world.db.selectFrom('notice').selectAll().orderBy('id').execute()
}
