import { describe, expect, test } from 'vitest'
import * as accounts from '../src/accounts/index.ts'
import { colleague, type Desk, openDesk, PASSWORD } from './desk.ts'
import { browser, hiddenOf, signIn, withFactor } from './door.ts'
import { databases } from './world.ts'

const WRONG = 'wrong all along'

describe.each(databases)('tries at a password on %s', (kind) => {
  test('by strangers hold up strangers, not the browser in which one has signed in before', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await tenWrong(desk, owner.address)
    expect((await signIn(desk, owner.address)).status).toBe(429)
    expect((await signIn(desk, owner.address, PASSWORD, owner.cookie)).status).toBe(303)
  })

  test('from the newsroom’s own network hold up no browser that is known', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const peer = '203.0.113.9'
    for (let n = 0; n < 31; n++) await signIn(desk, `nobody-${n}@news.example`, WRONG, '', peer)
    expect((await signIn(desk, owner.address, PASSWORD, '', peer)).status).toBe(429)
    expect((await signIn(desk, owner.address, PASSWORD, owner.cookie, peer)).status).toBe(303)
  })

  test('have an end in a known browser, too, and those of one account say nothing for another', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const reader = await colleague(desk, 'reader')
    for (let n = 0; n < 10; n++) await signIn(desk, owner.address, WRONG, owner.cookie)
    expect((await signIn(desk, owner.address, PASSWORD, owner.cookie)).status).toBe(429)
    expect((await signIn(desk, owner.address)).status).toBe(303) // elsewhere nobody was held up
    await tenWrong(desk, owner.address)
    for (const mark of [reader.cookie, marked(owner.cookie, (word) => `${word}A`), '__Host-desk-known=x'])
      expect((await signIn(desk, owner.address, PASSWORD, mark)).status).toBe(429)
  })

  test('leave the mark of a known browser worth nothing but that', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const alone = owner.cookie.split('; ').find((one) => one.includes('known'))!
    expect((await desk.request('/admin', { headers: { Cookie: alone } })).status).toBe(303)
    const word = alone.split('=')[1]!
    for (const name of ['__Host-desk', 'desk'])
      expect((await desk.request('/admin', { headers: { Cookie: `${name}=${word}` } })).status).toBe(303)
    expect(JSON.stringify(desk.world.logs)).not.toContain(word)
  })

  test('by who knows the password and no code do not hold up who has both, in a known browser', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { codes } = await withFactor(desk, owner)
    const thiefs = await hiddenOf(await signIn(desk, owner.address))
    for (let n = 0; n < 11; n++) await desk.post('/admin/sign-in/code', { ...thiefs, code: '000000' })
    expect((await desk.post('/admin/sign-in/code', { ...thiefs, code: codes[0]! })).status).toBe(429)
    const mine = await hiddenOf(await signIn(desk, owner.address, PASSWORD, owner.cookie))
    const answer = await desk.post('/admin/sign-in/code', { ...mine, code: codes[0]! }, { Cookie: owner.cookie })
    expect(answer.status).toBe(303)
  })

  test('at the present password have an end for who is signed in, and others’ tries do not count', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await tenWrong(desk, owner.address)
    const change = (before: string) => owner.post('/admin/me/password', { before, after: 'another long sentence' })
    for (let n = 0; n < 9; n++) expect((await change(WRONG)).status).toBe(422)
    const changed = await change(PASSWORD)
    expect(changed.status).toBe(303)
    const anew = await browser(desk, changed)
    for (let n = 0; n < 10; n++) await anew.post('/admin/me/password', { before: WRONG, after: PASSWORD })
    expect((await anew.post('/admin/me/password', { before: 'another long sentence', after: PASSWORD })).status).toBe(
      429,
    )
  })

  test('go on for a day and no longer, for who knows the password and guesses codes, or is signed in and guesses it', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const editor = await colleague(desk, 'editor')
    const guess = (n: number) => editor.post('/admin/me/password', { before: `${WRONG} ${n}`, after: PASSWORD })
    const { codes } = await withFactor(desk, owner)
    let [codeTries, passwordTries] = [0, 0]
    for (let quarter = 0; quarter < 10; quarter++) {
      const thiefs = await hiddenOf(await signIn(desk, owner.address))
      const type = (code: string) => desk.post('/admin/sign-in/code', { ...thiefs, code })
      for (let n = 0; n < 10; n++) {
        if ((await type('000000')).status === 422) codeTries++
        if ((await guess(n)).status === 422) passwordTries++
      }
      desk.world.clock.advance({ minutes: 16 })
    }
    expect([codeTries, passwordTries]).toEqual([50, 20])
    const held = await hiddenOf(await signIn(desk, owner.address, PASSWORD, owner.cookie))
    const known = await desk.post('/admin/sign-in/code', { ...held, code: codes[0]! }, { Cookie: owner.cookie })
    expect(known.status).toBe(303) // the browser that is known has tries of its own
    desk.world.clock.advance({ hours: 24 })
    const later = await hiddenOf(await signIn(desk, owner.address))
    expect((await desk.post('/admin/sign-in/code', { ...later, code: codes[1]! })).status).toBe(303)
  })

  test('take as long for nobody’s address, a colleague’s, one without a password and one who has gone', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const gone = await colleague(desk, 'reader')
    await accounts.endAccount(desk.world, 'cli', gone.account)
    const roles = [{ role: 'reader' as const, list: 0 }]
    await accounts.invite(desk.world, 'cli', { address: 'invited@news.example', roles })
    const who = ['nobody@news.example', owner.address, gone.address, 'invited@news.example']
    const took = new Map(who.map((address) => [address, [] as number[]]))
    for (let n = 0; n < 9; n++)
      for (const address of who) {
        const since = performance.now()
        expect((await signIn(desk, address, WRONG)).status).toBe(401)
        took.get(address)!.push(performance.now() - since)
      }
    const medians = [...took.values()].map((all) => all.sort((a, b) => a - b)[4]!)
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(3) // without the hash it is a tenth
  })
})

test('a flood of passwords from everywhere is turned away instead of piling up, and goes by', async () => {
  await using desk = await openDesk()
  const owner = await colleague(desk, 'owner')
  const flood = Array.from({ length: 160 }, (_, n) => {
    const peer = `203.${n >> 8}.${n & 255}.9`
    return Promise.resolve(signIn(desk, `nobody-${n}@news.example`, WRONG, '', peer))
  })
  const seen = Map.groupBy(await Promise.all(flood), ({ status }) => status)
  expect([...seen.keys()].sort()).toEqual([401, 503])
  expect(seen.get(401)!.length).toBeGreaterThan(50)
  expect((await signIn(desk, owner.address)).status).toBe(303)
})

test('a password is the same on every keyboard, composed or not, up to its longest', async () => {
  await using desk = await openDesk()
  const owner = await colleague(desk, 'owner')
  const letters = [...'āēīōūǎěǐǒǔ'].map((letter) => letter.normalize('NFD')).join('')
  const longest = letters.repeat(20)
  expect([longest.length, longest.normalize('NFKC').length]).toEqual([400, 200])
  for (const chosen of [`${'ﷺ'.repeat(10)}abcdefghi`, longest]) {
    const token = await accounts.reset(desk.world, 'cli', owner.account)
    expect((await desk.post(`/admin/in/${token}`, { password: chosen })).status).toBe(303)
    expect((await signIn(desk, owner.address, chosen)).status).toBe(303)
    expect((await signIn(desk, owner.address, chosen.normalize('NFKC'))).status).toBe(303)
    expect((await signIn(desk, owner.address, `${chosen}x`)).status).toBe(401)
    expect((await signIn(desk, owner.address, chosen.slice(0, -1))).status).toBe(401)
  }
  const token = await accounts.reset(desk.world, 'cli', owner.account)
  for (const long of [`${longest}x`, 'ab'.repeat(30_000)])
    expect((await desk.post(`/admin/in/${token}`, { password: long })).status).toBe(422)
})

async function tenWrong(desk: Desk, address: string): Promise<void> {
  for (let n = 0; n < 10; n++) await signIn(desk, address, WRONG)
}

/** The cookies with another mark of the known browser. */
function marked(cookies: string, change: (word: string) => string): string {
  return cookies.replace(/(?<=-known=)[^;]+/, change)
}
