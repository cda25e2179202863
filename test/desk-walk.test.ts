import { html } from 'hono/html'
import { describe, expect, test } from 'vitest'
import * as accounts from '../src/accounts/index.ts'
import { openRoutes, routes } from '../src/web/desk/door.ts'
import type { Route } from '../src/web/desk/routes.ts'
import { colleague, type Desk } from './desk.ts'
import { askedFor, type Form, formsOf, pressed } from './desk-forms.ts'
import { called, type DeskWorld, kept, MARK, openDeskWorld, pathsOf, WANTS } from './desk-world.ts'
import { databases } from './world.ts'

/** Pages that tell of a thing without its name. */
const NAMELESS = ['/admin/digests/editions/:edition/progress']
/** Forms about oneself: what they do to others, `sessions/end` stands for. */
const OWN = ['/admin/sign-out', ...['', '/password', '/factor', '/factor/confirm', '/factor/remove'].map((end) => `/admin/me${end}`)] // biome-ignore format: one list
/** Whoever promises a digest chooses its channel among all of the paper, which are public. */
const CHANNEL = String(html`<option value="${MARK}-channel">${called('channel')}</option>`)
const ORIGIN = 'https://news.example'

type Who = Awaited<ReturnType<typeof colleague>>

describe.each(databases)('what is not one’s own, on %s', (kind) => {
  test('is neither seen nor changed, by any way into the desk', { timeout: 300_000 }, async () => {
    await using world = await openDeskWorld(kind)
    const { desk, mine, other, foreign } = world
    const forms = formsOf(world)
    const granted = accounts.ROLES.flatMap((role) => [0, mine.id].map((list) => ({ role, list })))
    const people = await Promise.all(granted.map(({ role, list }) => colleague(desk, role, list)))
    let typed = 0 // pages that show as text what wants to be more
    for (const route of routes) {
      const before = await kept(desk.world)
      let seen = ''
      for (const path of pathsOf(route, foreign))
        for (const [nth, one] of granted.entries()) {
          const allowed = mayHave(route, one, other.id)
          if (route.method === 'POST' && allowed && (one.list === 0 || OWN.includes(path))) continue // it would be done
          const answer = await ask(desk, people[nth]!, { route, path, form: forms[route.path] })
          const where = [route.method, path, one]
          const { status } = answer
          const page = await answer.text()
          const shown = marked(page, { route, path })
          if (page.includes(WANTS.replace('<', '&lt;').replace('>', '&gt;'))) typed++
          const isPage = answer.headers.get('content-type')?.startsWith('text/html') ?? false
          expect.soft([...where, isPage && page.includes(WANTS)]).toEqual([...where, false])
          expect.soft([...where, status < 500]).toEqual([...where, true])
          if (!allowed) expect.soft([...where, status]).toEqual([...where, status === 404 ? 404 : 403])
          else if (one.list === 0) expect.soft([...where, status === 403]).toEqual([...where, false])
          if (!allowed || one.list !== 0) expect.soft([...where, shown]).toEqual([...where, []])
          else if (status === 200) seen += shown.join()
        }
      if (route.method === 'GET' && route.path.includes(':') && !NAMELESS.includes(route.path))
        expect.soft([route.path, seen]).toEqual([route.path, expect.stringContaining(MARK)]) // who may sees it: it is there
      expect.soft([route.path, differing(before, await kept(desk.world))]).toEqual([route.path, []])
    }
    expect(typed).toBeGreaterThan(50)
    expect(await accounts.sessionsOf(desk.world, await idOf(world))).toHaveLength(1)
  })

  test('is not named on the pages of one’s own list, nor done there under its name', { timeout: 300_000 }, async () => {
    await using world = await openDeskWorld(kind)
    const { desk, mine } = world
    for (const role of accounts.ROLES) {
      const one = { role, list: mine.id }
      const who = await colleague(desk, role, mine.id)
      for (const path of askedFor(world)) {
        const asked = { route: { method: 'GET' } as Route, path }
        const answer = await ask(desk, who, asked)
        expect.soft([role, path, marked(await answer.text(), asked)]).toEqual([role, path, []])
        expect.soft([role, path, answer.status < 500]).toEqual([role, path, true])
      }
      for (const [name, path, form] of pressed(world)) {
        const route = routes.find((one) => one.method === 'POST' && one.path === name)!
        const before = await kept(desk.world)
        const answer = await ask(desk, who, { route, path, form })
        const says = [role, path, form.fields]
        expect.soft([...says, marked(await answer.text(), { route, path, form })]).toEqual([...says, []])
        expect.soft([...says, answer.status === 500]).toEqual([...says, false])
        if (!mayHave(route, one, mine.id)) expect.soft([...says, answer.status]).toEqual([...says, 403])
        expect.soft([...says, differing(before, await kept(desk.world))]).toEqual([...says, []])
      }
    }
  })

  test('is not changed without the form’s token, or from another site', { timeout: 300_000 }, async () => {
    await using world = await openDeskWorld(kind)
    const { desk, foreign } = world
    const [owner, second] = [await colleague(desk, 'owner'), await colleague(desk, 'editor')]
    const foreignOrigin = { Origin: 'https://evil.example' }
    const none = { Origin: undefined }
    const ways: [name: string, status: number, t: string | undefined, headers: Headers][] = [
      ['no token', 422, undefined, {}],
      ['a wrong token', 422, 'x'.repeat(43), {}],
      ['another session’s token', 422, second.t, {}],
      ['a foreign origin', 403, owner.t, foreignOrigin],
      ['no origin, from another site', 403, owner.t, { ...none, 'Sec-Fetch-Site': 'cross-site' }],
      ['our origin, from another site', 403, owner.t, { 'Sec-Fetch-Site': 'cross-site' }],
      ['an origin of the same site', 403, owner.t, { ...none, 'Sec-Fetch-Site': 'same-site' }],
      ['an opaque origin', 403, owner.t, { Origin: 'null' }],
      ['no origin at all', 403, owner.t, none],
      ['nobody’s cookie', 401, owner.t, { Cookie: 'x=y' }],
    ]
    const before = await kept(desk.world)
    for (const route of [...openRoutes, ...routes].filter(({ method }) => method === 'POST')) {
      const form = formOf(route, world)
      for (const path of pathsOf(route, foreign))
        for (const [name, status, t, headers] of ways) {
          if (route.allow === 'anybody' && status !== 403) continue // before the door there is no session yet
          const answer = await ask(desk, { ...owner, t }, { route, path, form, headers })
          expect.soft([path, name, answer.status]).toEqual([path, name, status])
        }
      expect.soft([route.path, differing(before, await kept(desk.world))]).toEqual([route.path, []])
    }
    expect((await owner.get('/admin/me')).status).toBe(200)
  })
})

describe('what is another’s, or the paper’s,', () => {
  test('is done by the same forms of whoever may do it', { timeout: 300_000 }, async () => {
    for (const route of routes.filter(({ method }) => method === 'POST')) {
      await using world = await openDeskWorld('sqlite')
      const { desk, foreign } = world
      const owner = await colleague(desk, 'owner')
      const form = formOf(route, world)
      if (form.manner === 'aside') continue
      const before = await kept(desk.world)
      for (const path of pathsOf(route, foreign)) {
        const { status } = await ask(desk, owner, { route, path, form })
        expect.soft([path, ![403, 500].includes(status)]).toEqual([path, true])
      }
      const changed = differing(before, await kept(desk.world))
      expect.soft([route.path, changed.length > 0]).toEqual([route.path, form.manner !== 'looks'])
    }
  })
})

type Headers = Record<string, string | undefined>
type Asked = { route: Pick<Route, 'method' | 'takes'>; path: string; form?: Form | undefined; headers?: Headers }

/** The answer to who asks for a page, or presses a form on it. */
async function ask(desk: Desk, who: Pick<Who, 'cookie'> & { t?: string | undefined }, asked: Asked): Promise<Response> {
  const { route, path, form, headers = {} } = asked
  if (route.method === 'GET') return desk.request(path, { headers: { Cookie: who.cookie } })
  const files = route.takes && 'files' in route.takes
  const body = files ? new FormData() : new URLSearchParams()
  if (who.t !== undefined) body.append('t', who.t)
  for (const [name, value] of Object.entries(form!.fields)) body.append(name, value)
  if (body instanceof FormData && form!.file) {
    const { field, name, text } = form!.file
    body.append(field, new File([Buffer.from(text, 'latin1')], name))
  }
  const sent = new Response(body)
  const bytes = Buffer.from(await sent.arrayBuffer())
  const all: Headers = {
    ...{ Origin: ORIGIN, Cookie: who.cookie, 'Content-Length': String(bytes.length) },
    'Content-Type': sent.headers.get('content-type')!,
    ...headers,
  }
  const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return desk.request(path, { method: 'POST', body: bytes, headers: Object.fromEntries(given) })
}

function formOf({ path }: { path: string }, world: DeskWorld): Form {
  const form = formsOf(world)[path]
  if (!form) throw new Error(`no form is known for ${path}: add it to desk-forms.ts`)
  return form
}

/** Whether somebody with this one role may have it, where it is about the other list. */
function mayHave({ allow, list }: Route, one: accounts.Granted, other: number): boolean {
  if (allow === 'signed-in') return true
  if (list === 'any') return accounts.listsOf([one], allow).length > 0
  return accounts.may([one], allow, list === undefined ? 0 : other)
}

/** What a page says of what is foreign, apart from what was asked for by name. */
function marked(page: string, { path, form }: Asked): string[] {
  const words = [path, ...Object.values(form?.fields ?? {})].join(' ').match(/[\w@.-]+/g)!
  const asked = words.filter((word) => word.includes(MARK)).flatMap((word) => [encodeURIComponent(word), word])
  const rest = [CHANNEL, ...asked].reduce((text, word) => text.replaceAll(word, ''), page)
  return [...rest.matchAll(new RegExp(`.{0,40}${MARK}.{0,20}`, 'gi'))].map(([around]) => around)
}

function differing(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys(before).filter((name) => before[name] !== after[name])
}

async function idOf({ desk, foreign }: DeskWorld): Promise<number> {
  return (await accounts.byPublicId(desk.world.db, foreign.ids['account']![0]!)).id
}
