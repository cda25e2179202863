import { TOTP } from 'otpauth'
import { expect } from 'vitest'
import { type colleague, cookieOf, type Desk, PASSWORD } from './desk.ts'

/** Signs in with address and password; `known` are the cookies that the browser has kept. */
export function signIn(desk: Desk, address: string, password = PASSWORD, known = '', peer?: string) {
  return desk.post('/admin/sign-in', { address, password }, known ? { Cookie: known } : {}, peer)
}

/** The browser that was given this answer to its signing in. */
export async function browser(desk: Desk, answer: Response) {
  const cookie = cookieOf(answer)
  const me = await (await desk.request('/admin/me', { headers: { Cookie: cookie } })).text()
  const t = /name="t" value="([^"]+)"/.exec(me)?.[1] ?? ''
  return {
    cookie,
    get: (path: string) => desk.request(path, { headers: { Cookie: cookie } }),
    post: (path: string, fields: Record<string, string> = {}) => desk.post(path, { t, ...fields }, { Cookie: cookie }),
  }
}

/** The hidden fields of a page's forms, by name, without the session's own. */
export async function hiddenOf(page: Response): Promise<Record<string, string>> {
  const fields = (await page.text()).matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)
  return Object.fromEntries([...fields].map(([, name, value]) => [name!, value!]).filter(([name]) => name !== 't'))
}

/** Puts a second factor in force, as its owner would; all sessions have ended then. */
export async function withFactor(desk: Desk, who: Awaited<ReturnType<typeof colleague>>) {
  const page = await who.post('/admin/me/factor', { password: PASSWORD })
  const secret = await secretOf(page.clone())
  const code = () => codeOf(secret, desk)
  const confirmed = await who.post('/admin/me/factor/confirm', { ...(await hiddenOf(page)), code: code() })
  const codes = [...(await confirmed.text()).matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, one]) => one!)
  expect(codes).toHaveLength(10)
  return { codes, code }
}

/** The secret that a page shows for the authenticator. */
export async function secretOf(page: Response): Promise<string> {
  return /class="secret">([^<]+)</.exec(await page.text())![1]!.replaceAll(' ', '')
}

export function codeOf(secret: string, desk: Desk): string {
  return new TOTP({ secret }).generate({ timestamp: desk.world.now().epochMilliseconds })
}
