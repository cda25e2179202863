import * as accounts from '../src/accounts/index.ts'
import { handler } from '../src/web/server.ts'
import { type databases, openWorld } from './world.ts'

const NOW = '2026-12-01T08:00:00Z'
const ORIGIN = 'https://news.example'
export const PASSWORD = 'correct horse battery'
export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** What a form holds; a field may come several times. */
export type Fields = Record<string, string> | [name: string, value: string][]

type Init = RequestInit & { headers?: Record<string, string>; peer?: string }

/** A desk without a socket; each request comes from another network, unless `peer` says from where. */
export async function openDesk(kind: (typeof databases)[number] = 'sqlite', environment: Record<string, string> = {}) {
  const world = await openWorld(kind, NOW, environment)
  const web = handler(world)
  let peers = 0
  const request = (path: string, { peer = `198.51.${++peers % 250}.7`, ...init }: Init = {}) =>
    web.request(path, init, { incoming: { socket: { remoteAddress: peer } } })
  const post = (path: string, fields: Fields, headers: Record<string, string> = {}, peer?: string) => {
    const body = new URLSearchParams(fields).toString()
    return request(path, {
      method: 'POST',
      headers: { ...FORM, Origin: ORIGIN, 'Content-Length': String(body.length), ...headers },
      body,
      ...(peer !== undefined && { peer }),
    })
  }
  return { world, request, post, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

export type Desk = Awaited<ReturnType<typeof openDesk>>

/** What a browser sends back of all the cookies that an answer gives: `a=1; b=2`. */
export function cookieOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => /^[^;]+/.exec(line)![0])
    .join('; ')
}

/** Somebody with these roles, signed in: how his browser asks. */
export async function colleague(desk: Desk, role: accounts.Role, list = 0) {
  const address = `${role}-${list}@news.example`
  const { token, account } = await accounts.invite(desk.world, 'cli', { address, roles: [{ role, list }] })
  const cookie = cookieOf(await desk.post(`/admin/in/${token}`, { password: PASSWORD }))
  const me = await (await desk.request('/admin/me', { headers: { Cookie: cookie } })).text()
  const t = /name="t" value="([^"]+)"/.exec(me)![1]!
  return {
    account,
    cookie,
    t,
    address,
    get: (path: string) => desk.request(path, { headers: { Cookie: cookie } }),
    post: (path: string, fields: Fields = {}, headers: Record<string, string> = {}) =>
      desk.post(path, [...pairs(fields), ['t', t]], { Cookie: cookie, ...headers }),
    /** A form with files, its size said as browsers do. */
    async send(path: string, form: FormData) {
      const whole = new FormData()
      for (const [name, value] of [['t', t] as const, ...form])
        typeof value === 'string' ? whole.append(name, value) : whole.append(name, value, value.name)
      const sent = new Response(whole)
      const type = sent.headers.get('content-type')!
      const body = await sent.arrayBuffer()
      const headers = {
        'Content-Type': type,
        'Content-Length': String(body.byteLength),
        Origin: ORIGIN,
        Cookie: cookie,
      }
      return desk.request(path, { method: 'POST', body, headers })
    },
  }
}

function pairs(fields: Fields): [string, string][] {
  return Array.isArray(fields) ? fields : Object.entries(fields)
}
