import { describe, expect, test } from 'vitest'
import * as accounts from '../src/accounts/index.ts'
import { colleague, type Desk, openDesk, PASSWORD } from './desk.ts'
import { browser, signIn, withFactor } from './door.ts'
import { databases } from './world.ts'

const NEWER = 'another long sentence'

describe.each(databases)('a link that lets somebody in, on %s', (kind) => {
  test('does so also when strangers have used up the tries at the account', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const token = await accounts.reset(desk.world, 'cli', owner.account)
    for (let n = 0; n < 11; n++) await signIn(desk, owner.address, 'wrong all along')
    const answer = await use(desk, token)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin'])
    expect((await (await browser(desk, answer)).get('/admin')).status).toBe(200)
  })

  test('asks for the second factor of who has one', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await withFactor(desk, owner)
    const answer = await use(desk, await accounts.reset(desk.world, 'cli', owner.account))
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, null])
    expect(await answer.text()).toContain('name="ticket"')
  })

  test('takes the second factor away where it was made for that, and only when it is used', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { codes } = await withFactor(desk, owner)
    const token = await accounts.reset(desk.world, 'cli', owner.account, { withoutFactor: true })
    expect((await signIn(desk, owner.address)).status).toBe(200) // a code is still asked for
    expect((await use(desk, token)).status).toBe(303)
    expect((await signIn(desk, owner.address, NEWER)).status).toBe(303)
    expect(await desk.world.db.selectFrom('recovery_code').selectAll().execute()).toEqual([])
    expect(codes).toHaveLength(10)
    const verbs = (await desk.world.db.selectFrom('change').select('verb').execute()).map(({ verb }) => verb)
    expect(verbs).toContain('account.factor-off')
  })

  test('takes the second factor away when an owner says so at the desk, for another and not for oneself', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const editor = await colleague(desk, 'editor')
    const page = (who: { account: accounts.Account }) => `/admin/people/${who.account.public_id}`
    const offered = async () => (await (await owner.get(page(editor))).text()).includes('/reset-factor"')
    expect(await offered()).toBe(false) // there is none to take
    await withFactor(desk, editor)
    expect(await offered()).toBe(true)
    for (const path of [page(owner), page(editor)])
      expect((await editor.post(`${path}/reset-factor`, { sure: '1' })).status).toBe(401) // signed out by then
    expect((await owner.post(`${page(owner)}/reset-factor`, { sure: '1' })).status).toBe(403)
    const unsure = await owner.post(`${page(editor)}/reset-factor`)
    expect([unsure.status, (await unsure.text()).includes('<details open>')]).toEqual([422, true]) // not by a slip
    const answer = await owner.post(`${page(editor)}/reset-factor`, { sure: '1' })
    const [, token] = /\/admin\/in\/([\w-]{43})</.exec(await answer.text())!
    expect((await signIn(desk, editor.address)).status).toBe(200) // nothing has gone before the link is used
    expect((await use(desk, token!)).status).toBe(303)
    expect((await signIn(desk, editor.address, NEWER)).status).toBe(303)
    const told = await desk.world.db
      .selectFrom('change')
      .select(['actor', 'verb', 'after'])
      .where('subject', '=', `account:${editor.account.public_id}`)
      .where('verb', 'in', ['account.link', 'account.factor-off'])
      .orderBy('id')
      .execute()
    expect(told).toEqual([
      { actor: `account:${owner.account.public_id}`, verb: 'account.link', after: '{"withoutFactor":true}' },
      { actor: `account:${editor.account.public_id}`, verb: 'account.factor-off', after: null },
    ])
  })

  test('makes nobody the first owner once somebody is there', async () => {
    await using desk = await openDesk(kind)
    const token = (await accounts.setUp(desk.world))!
    await colleague(desk, 'owner')
    expect((await desk.request(`/admin/in/${token}`)).status).toBe(410)
    const answer = await desk.post(`/admin/in/${token}`, { address: 'late@news.example', password: PASSWORD })
    expect(answer.status).toBe(410)
    expect(await accounts.all(desk.world.read)).toHaveLength(1)
  })

  test('makes one first owner, however many open it at once', async () => {
    await using desk = await openDesk(kind)
    const token = (await accounts.setUp(desk.world))!
    const who = ['one', 'two', 'three', 'four']
    const answers = await Promise.all(
      who.map((name) => desk.post(`/admin/in/${token}`, { address: `${name}@news.example`, password: PASSWORD })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 410, 410, 410])
    expect(await accounts.all(desk.world.read)).toHaveLength(1)
  })

  test('is worth nothing when a newer one was made', async () => {
    await using desk = await openDesk(kind)
    const { account } = await colleague(desk, 'editor')
    const [first, second] = [await reset(desk, account), await reset(desk, account)]
    expect((await use(desk, first)).status).toBe(410)
    expect((await use(desk, second)).status).toBe(303)
  })

  test('is worth nothing when another was used, the password was changed, or the account has ended', async () => {
    await using desk = await openDesk(kind)
    await colleague(desk, 'owner')
    const invited = await accounts.invite(desk.world, 'cli', {
      address: 'new@news.example',
      roles: [{ role: 'editor', list: 0 }],
    })
    const copy = await reset(desk, invited.account)
    expect((await use(desk, invited.token)).status).toBe(410)
    const one = await browser(desk, await use(desk, copy))

    const open = await reset(desk, invited.account)
    expect((await one.post('/admin/me/password', { before: NEWER, after: PASSWORD })).status).toBe(303)
    expect((await use(desk, open)).status).toBe(410)

    const last = await reset(desk, invited.account)
    await accounts.endAccount(desk.world, 'cli', invited.account)
    expect((await use(desk, last)).status).toBe(410)
    await expect(reset(desk, invited.account)).rejects.toMatchObject({ code: 'account-ended' })
  })

  test('says at the desk what to do when it is over', async () => {
    await using desk = await openDesk(kind)
    const { account } = await colleague(desk, 'editor')
    const token = await reset(desk, account)
    desk.world.clock.advance({ minutes: 61 })
    const page = await (await desk.request(`/admin/in/${token}?lang=en`)).text()
    expect(page).toContain('Ask an owner for a new one')
    expect(page).not.toContain('Subscribe')
  })
})

function reset(desk: Desk, account: accounts.Account): Promise<string> {
  return accounts.reset(desk.world, 'cli', account)
}

function use(desk: Desk, token: string) {
  return desk.post(`/admin/in/${token}`, { password: NEWER })
}
