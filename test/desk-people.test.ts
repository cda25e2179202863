import { describe, expect, test } from 'vitest'
import * as accounts from '../src/accounts/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, type Desk, openDesk, PASSWORD } from './desk.ts'
import { signIn, withFactor } from './door.ts'
import { databases } from './world.ts'

describe.each(databases)('who works at the desk, on %s', (kind) => {
  test('the last owner stays, also when two owners end each other, or step down, at once', async () => {
    await using desk = await openDesk(kind)
    const { world } = desk
    const roles: accounts.Granted[] = [{ role: 'owner', list: 0 }]
    for (let round = 0; round < 6; round++) {
      const two = await Promise.all(
        [1, 2].map((n) => accounts.invite(world, 'cli', { address: `owner-${round}-${n}@news.example`, roles })),
      )
      for (const { token } of two) await desk.post(`/admin/in/${token}`, { password: PASSWORD })
      const before = (await owners(desk)).filter(({ id }) => !two.some(({ account }) => account.id === id))
      for (const one of before) await accounts.endAccount(world, 'cli', one)
      const ended = await Promise.allSettled(
        two.map(({ account }) =>
          round % 2
            ? accounts.endAccount(world, 'cli', account)
            : accounts.setRoles(world, 'cli', account, [{ role: 'reader', list: 0 }]),
        ),
      )
      expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      expect(await owners(desk)).toHaveLength(1)
    }
  })

  test('somebody chooses a name and a language of his own, and no other than the desk speaks', async () => {
    await using desk = await openDesk(kind)
    const [editor, reader] = [await colleague(desk, 'editor'), await colleague(desk, 'reader')]
    const answer = await reader.post('/admin/me', { name: '  Selin\u202e Ak ', language: 'tr' })
    expect(answer.headers.get('location')).toBe('/admin/me?told=saved')
    const page = await (await reader.get('/admin/me')).text()
    expect([page.includes('<html lang="tr"'), page.includes('value="Selin Ak"')]).toEqual([true, true])
    expect(await (await editor.get('/admin/me')).text()).toContain('<html lang="ar"')
    expect((await reader.post('/admin/me', { name: 'Selin', language: 'xx' })).status).toBe(422)
    expect((await reader.post('/admin/me', { name: 'x'.repeat(101), language: 'en' })).status).toBe(422)
    expect(await (await reader.get('/admin/me')).text()).toContain('<html lang="tr"')
    const trail = await desk.world.db.selectFrom('change').selectAll().where('verb', '=', 'account.describe').execute()
    expect(trail).toMatchObject([{ subject: `account:${reader.account.public_id}`, after: '{"language":"tr"}' }])
  })

  test('a sign-in under way with the old password gets no session when the password has been changed', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const changing = owner.post('/admin/me/password', { before: PASSWORD, after: 'another long sentence' })
    const signing: (Response | Promise<Response>)[] = []
    for (let n = 0; n < 9; n++) {
      signing.push(signIn(desk, owner.address))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const seen = (await Promise.all(signing)).map(({ status }) => status)
    expect((await changing).status).toBe(303)
    expect(await accounts.sessionsOf(desk.world, owner.account.id)).toHaveLength(1)
    expect(seen.every((status) => status === 303 || status === 401)).toBe(true)
  })

  test('all roles of a colleague are shown and can be set, everywhere and for single lists', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const lists = await twoLists(desk)
    const { account } = await colleague(desk, 'editor')
    const path = `/admin/people/${account.public_id}`
    const pairs = (rows: [string, string][]) =>
      rows.flatMap(([role, list]) => [
        ['role', role],
        ['list', list],
      ]) as [string, string][]
    const set = (rows: [string, string][]) => owner.post(`${path}/roles`, pairs(rows))
    expect(
      (
        await set([
          ['editor', ''],
          ['sender', 'one'],
          ['list-manager', 'one'],
          ['reader', 'two'],
          ['', 'two'],
          ['reader', 'two'],
        ])
      ).status,
    ).toBe(303)
    expect(await accounts.rolesOf(desk.world.read, account.id)).toEqual([
      { role: 'editor', list: 0 },
      { role: 'list-manager', list: lists.one },
      { role: 'sender', list: lists.one },
      { role: 'reader', list: lists.two },
    ])
    const table = await (await owner.get('/admin/people?lang=en')).text()
    const page = await (await owner.get(path)).text()
    const chosen = [...page.matchAll(/<option value="([^"]*)" selected>/g)].map(([, value]) => value)
    expect(chosen).toEqual(['editor', '', 'list-manager', 'one', 'sender', 'one', 'reader', 'two', '', ''])
    for (const list of ['The first', 'The second']) expect(table).toContain(`· ${list}`)

    const shown = chosen.flatMap((value, at) => (at % 2 ? [] : [[value, chosen[at + 1]]])) as [string, string][]
    expect((await set(shown)).status).toBe(303) // saved as it was shown
    expect(await accounts.rolesOf(desk.world.read, account.id)).toHaveLength(4)

    expect(
      (
        await set([
          ['', ''],
          ['', 'one'],
        ])
      ).status,
    ).toBe(422)
    expect((await set([['editor', 'three']])).status).toBe(404)
    expect((await set([['king', '']])).status).toBe(422)
    expect(await accounts.rolesOf(desk.world.read, account.id)).toHaveLength(4)
  })

  test('each of the five roles can be given with an invitation, everywhere or for one list', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const lists = await twoLists(desk)
    for (const role of accounts.ROLES)
      for (const list of ['', 'two']) {
        const address = `new-${role}-${list || 'all'}@news.example`
        const invited = await owner.post('/admin/people', { address, name: 'x', role, list })
        expect([role, list, invited.status]).toEqual([role, list, 200])
        const person = (await accounts.all(desk.world.read)).find((one) => one.address === address)!
        expect(person.roles).toEqual([{ role, list: list ? lists.two : 0 }])
      }
  })

  test('who has ended is invited again: a new password, the roles of now, nothing of before', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const before = await colleague(desk, 'editor')
    const { codes } = await withFactor(desk, before)
    const stale = await accounts.reset(desk.world, 'cli', before.account)
    await accounts.endAccount(desk.world, 'cli', before.account)
    const invited = await owner.post('/admin/people', {
      address: before.address.toUpperCase(),
      role: 'reader',
      list: '',
    })
    expect(invited.status).toBe(200)
    const [, token] = /\/admin\/in\/([\w-]{43})</.exec(await invited.text())!
    expect((await signIn(desk, before.address)).status).toBe(401) // not by the password of before
    expect((await before.get('/admin')).status).toBe(303)
    expect((await desk.request(`/admin/in/${stale}`)).status).toBe(410)
    const entered = await desk.post(`/admin/in/${token}`, { password: 'another long sentence' })
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/admin']) // and no code is asked for
    expect((await signIn(desk, before.address, 'another long sentence')).status).toBe(303)
    expect(await accounts.rolesOf(desk.world.read, before.account.id)).toEqual([{ role: 'reader', list: 0 }])
    expect(await desk.world.db.selectFrom('recovery_code').selectAll().execute()).toEqual([])
    expect(codes).toHaveLength(10)
    expect((await owner.post('/admin/people', { address: before.address, role: 'owner' })).status).toBe(409) // he works here
    const all = await accounts.all(desk.world.read)
    expect(all.map(({ address, ended_at }) => [address.toLowerCase(), ended_at])).toEqual([
      [owner.address, null],
      [before.address, null],
    ])
  })

  test('two invitations at once of who has ended come to one account and one link that opens', async () => {
    await using desk = await openDesk(kind)
    const { account, address } = await colleague(desk, 'editor')
    await colleague(desk, 'owner')
    await accounts.endAccount(desk.world, 'cli', account)
    const roles: accounts.Granted[] = [{ role: 'reader', list: 0 }]
    const both = await Promise.allSettled([1, 2].map(() => accounts.invite(desk.world, 'cli', { address, roles })))
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('an owner who has never chosen a password is not the owner who must stay', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const invited = await accounts.invite(desk.world, 'cli', {
      address: 'later@news.example',
      roles: [{ role: 'owner', list: 0 }],
    })
    const path = `/admin/people/${owner.account.public_id}`
    expect((await owner.post(`${path}/end`)).status).toBe(409)
    expect((await owner.post(`${path}/roles`, { role: 'editor' })).status).toBe(409)
    expect((await desk.post(`/admin/in/${invited.token}`, { password: PASSWORD })).status).toBe(303)
    expect((await owner.post(`${path}/end`)).status).toBe(303)
  })

  test('before any owner has a password others can go, and the one who is invited stays', async () => {
    await using desk = await openDesk(kind)
    const invite = (role: accounts.Role) =>
      accounts.invite(desk.world, 'cli', { address: `${role}@news.example`, roles: [{ role, list: 0 }] })
    const [owner, editor] = [await invite('owner'), await invite('editor')]
    await accounts.endAccount(desk.world, 'cli', editor.account)
    await expect(accounts.endAccount(desk.world, 'cli', owner.account)).rejects.toMatchObject({ code: 'last-owner' })
  })

  test('an owner of one list is not the owner who must stay', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { one } = await twoLists(desk)
    await colleague(desk, 'owner', one)
    expect((await owner.post(`/admin/people/${owner.account.public_id}/end`)).status).toBe(409)
  })

  test('whoever finds an owner’s browser signed in cannot get a link to a new password for that account', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const answer = await owner.post(`/admin/people/${owner.account.public_id}/reset`)
    expect(answer.status).toBe(403)
    expect(await answer.text()).not.toContain('/admin/in/')
  })

  test('signing in again in the same browser ends the session that it had', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    expect((await signIn(desk, owner.address, PASSWORD, owner.cookie)).status).toBe(303)
    expect((await owner.get('/admin')).status).toBe(303)
    expect(await accounts.sessionsOf(desk.world, owner.account.id)).toHaveLength(1)
  })
})

async function owners(desk: Desk) {
  const all = await accounts.all(desk.world.db)
  return all.filter(({ ended_at, roles }) => ended_at === null && roles.some(({ role }) => role === 'owner'))
}

async function twoLists({ world }: Desk): Promise<{ one: number; two: number }> {
  const one = await subscribers.addList(world, 'cli', { slug: 'one', title: 'The first' })
  const two = await subscribers.addList(world, 'cli', { slug: 'two', title: 'The second' })
  return { one: one.id, two: two.id }
}
