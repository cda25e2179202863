import { describe, expect, test } from 'vitest'
import { colleague, openDesk, PASSWORD } from './desk.ts'
import { browser, codeOf, hiddenOf, secretOf, signIn, withFactor } from './door.ts'
import { databases } from './world.ts'

describe.each(databases)('the second factor on %s', (kind) => {
  test('is asked for, takes each code once, and a recovery code instead', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { codes, code } = await withFactor(desk, owner)
    expect((await owner.get('/admin')).status).toBe(303) // signed out
    const held = await hiddenOf(await signIn(desk, owner.address))
    const type = (typed: string, more = {}) => desk.post('/admin/sign-in/code', { ...held, ...more, code: typed })
    expect((await type(code())).status).toBe(422) // used when it was put in force
    desk.world.clock.advance({ seconds: 31 })
    const fresh = code()
    expect((await type(fresh)).status).toBe(303)
    expect((await type(fresh)).status).toBe(422)
    expect((await type(codes[0]!)).status).toBe(303)
    expect((await type(codes[0]!)).status).toBe(422)
    expect((await type(code(), { until: String(Number(held['until']) + 1) })).status).toBe(410)
  })

  test('says on one’s own page how many recovery codes are left', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const other = await colleague(desk, 'editor')
    await withFactor(desk, other)
    const { codes } = await withFactor(desk, owner)
    const left = async (code: string) => {
      const held = await hiddenOf(await signIn(desk, owner.address))
      const inside = await browser(desk, await desk.post('/admin/sign-in/code', { ...held, code }))
      await inside.post('/admin/me', { name: 'Leyla', language: 'en' })
      return /(\d+|no) recovery codes? (?:is|are) left/i.exec(await (await inside.get('/admin/me')).text())?.[1]
    }
    expect(await left(codes[0]!)).toBe('9')
    expect(await left(codes[1]!)).toBe('8')
    await desk.world.db.deleteFrom('recovery_code').where('account_id', '=', other.account.id).execute()
    for (const code of codes.slice(2, 9)) await left(code)
    desk.world.clock.advance({ minutes: 16 })
    expect(await left(codes[9]!)).toBe('No')
  })

  test('lets one browser in when the same recovery code, or the same code, is typed in two at once', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { codes, code } = await withFactor(desk, owner)
    desk.world.clock.advance({ seconds: 31 })
    const held = await hiddenOf(await signIn(desk, owner.address))
    for (const typed of [codes[1]!, code()]) {
      const both = await Promise.all([1, 2].map(() => desk.post('/admin/sign-in/code', { ...held, code: typed })))
      expect(both.map(({ status }) => status).sort()).toEqual([303, 422])
    }
  })

  test('takes its code in the digits of the telephone’s own language', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { code } = await withFactor(desk, owner)
    desk.world.clock.advance({ seconds: 31 })
    const held = await hiddenOf(await signIn(desk, owner.address))
    const arabic = [...code()].map((digit) => '٠١٢٣٤٥٦٧٨٩'[Number(digit)]).join('')
    expect((await desk.post('/admin/sign-in/code', { ...held, code: arabic })).status).toBe(303)
  })

  test('keeps its secret while it is being typed into a telephone, whatever is mistyped here', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const page = await owner.post('/admin/me/factor', { password: PASSWORD })
    const secret = await secretOf(page.clone())
    const wrong = await owner.post('/admin/me/factor/confirm', { ...(await hiddenOf(page)), code: '000000' })
    expect(wrong.status).toBe(422)
    expect(await secretOf(wrong.clone())).toBe(secret)
    const again = await owner.post('/admin/me/factor', { password: PASSWORD })
    expect(await secretOf(again)).toBe(secret)
    const right = { ...(await hiddenOf(wrong)), code: codeOf(secret, desk) }
    expect((await owner.post('/admin/me/factor/confirm', right)).status).toBe(200)
  })

  test('has one secret and one set of recovery codes, also when two windows begin and end at once', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const pages = await Promise.all([1, 2].map(() => owner.post('/admin/me/factor', { password: PASSWORD })))
    const secrets = await Promise.all(pages.map((page) => secretOf(page.clone())))
    expect(new Set(secrets).size).toBe(1)
    const fields = { ...(await hiddenOf(pages[0]!)), code: codeOf(secrets[0]!, desk) }
    const both = await Promise.all([1, 2].map(() => owner.post('/admin/me/factor/confirm', fields)))
    const shown = await Promise.all(both.map(async (one) => [...(await one.text()).matchAll(/<li><code>/g)].length))
    expect(shown.sort((a, b) => a - b)).toEqual([0, 10])
    expect(await desk.world.db.selectFrom('recovery_code').selectAll().execute()).toHaveLength(10)
  })

  test('is not begun by whoever finds a browser signed in: it asks for the password', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    for (const fields of [{}, { password: 'not the one' }]) {
      const page = await owner.post('/admin/me/factor', fields)
      expect(page.status).toBe(422)
      expect(await page.text()).not.toContain('class="secret"')
    }
    const begun = await owner.post('/admin/me/factor', { password: PASSWORD })
    const secret = await secretOf(begun.clone())
    const held = await hiddenOf(begun)
    const bare = await owner.post('/admin/me/factor/confirm', { code: '000000' })
    expect(await bare.text()).not.toContain('class="secret"')
    const other = await browser(desk, await signIn(desk, owner.address))
    const stolen = { ...held, code: codeOf(secret, desk) }
    expect(await (await other.post('/admin/me/factor/confirm', stolen)).text()).not.toContain('<li><code>')
    desk.world.clock.advance({ minutes: 16 })
    const late = await owner.post('/admin/me/factor/confirm', { ...held, code: codeOf(secret, desk) })
    expect(await late.text()).not.toContain('<li><code>')
    expect((await signIn(desk, owner.address)).status).toBe(303) // nothing was put in force
  })

  test('is not guessed while it is begun, nor the password that begins it', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const begun = await owner.post('/admin/me/factor', { password: PASSWORD })
    const secret = await secretOf(begun.clone())
    const held = await hiddenOf(begun)
    for (let n = 0; n < 10; n++) await owner.post('/admin/me/factor/confirm', { ...held, code: '000000' })
    const right = { ...held, code: codeOf(secret, desk) }
    expect((await owner.post('/admin/me/factor/confirm', right)).status).toBe(429)
    for (let n = 0; n < 10; n++) await owner.post('/admin/me/factor', { password: 'not the one' })
    expect((await owner.post('/admin/me/factor', { password: PASSWORD })).status).toBe(429)
  })

  test('begun by who knew an old password is not what is put in force after a change of it', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const thief = await browser(desk, await signIn(desk, owner.address))
    const known = await secretOf(await thief.post('/admin/me/factor', { password: PASSWORD }))
    const after = 'another long sentence'
    const anew = await browser(desk, await owner.post('/admin/me/password', { before: PASSWORD, after }))
    expect(await secretOf(await anew.post('/admin/me/factor', { password: after }))).not.toBe(known)
  })

  test('goes by one of its codes only', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { codes, code } = await withFactor(desk, owner)
    const held = await hiddenOf(await signIn(desk, owner.address))
    desk.world.clock.advance({ seconds: 31 })
    const inside = await browser(desk, await desk.post('/admin/sign-in/code', { ...held, code: code() }))
    const remove = (typed: string) => inside.post('/admin/me/factor/remove', { code: typed })
    expect((await remove('')).status).toBe(422)
    expect((await remove('000000')).status).toBe(422)
    expect((await remove(codes[0]!)).status).toBe(303)
    expect((await signIn(desk, owner.address)).status).toBe(303)
  })

  test('is not entered with what a password gave that was changed since', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { codes } = await withFactor(desk, owner)
    const [mine, thiefs] = [
      await hiddenOf(await signIn(desk, owner.address)),
      await hiddenOf(await signIn(desk, owner.address)),
    ]
    const inside = await browser(desk, await desk.post('/admin/sign-in/code', { ...mine, code: codes[0]! }))
    await inside.post('/admin/me/password', { before: PASSWORD, after: 'another long sentence' })
    expect((await desk.post('/admin/sign-in/code', { ...thiefs, code: codes[1]! })).status).toBe(410)
  })
})
