import { describe, expect, test } from 'vitest'
import * as accounts from '../src/accounts/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { openRoutes, routes } from '../src/web/desk/door.ts'
import { colleague, cookieOf, FORM, openDesk, PASSWORD } from './desk.ts'
import { edition, mailing } from './mailing.ts'
import { databases, type World } from './world.ts'

/** What the addresses of the desk's tables ask for. */
const ASKED = [
  ...[
    'after',
    'subject',
    'q',
    'search',
    'state',
    'actor',
    'kind',
    'from',
    'to',
    'list',
    'language',
    'domain',
    'segment',
  ],
  ...[
    'joined-after',
    'joined-before',
    'left-after',
    'left-before',
    'section',
    'source',
    'author',
    'step',
    'suppressed',
  ],
]

describe.each(databases)('the desk’s door on %s', (kind) => {
  test('the first who opens the set-up link is the owner, once', async () => {
    await using desk = await openDesk(kind)
    const token = (await accounts.setUp(desk.world))!
    expect((await desk.request(`/admin/in/${token}`)).status).toBe(200)
    const fields = { name: 'ليلى', address: 'leyla@news.example', password: PASSWORD }
    const weak = await desk.post(`/admin/in/${token}`, { ...fields, password: 'short' })
    expect(weak.status).toBe(422)
    expect(await weak.text()).toContain('leyla@news.example') // what was typed is still there
    const let_in = await desk.post(`/admin/in/${token}`, fields)
    expect(let_in.status).toBe(303)
    const cookie = let_in.headers.get('set-cookie')!
    for (const word of ['__Host-desk=', 'HttpOnly', 'Secure', 'SameSite=Lax', 'Path=/']) expect(cookie).toContain(word)
    const page = await desk.request('/admin', { headers: { Cookie: cookieOf(let_in) } })
    expect(page.status).toBe(200)
    expect(page.headers.get('cache-control')).toBe('no-store, private')
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe-inline')
    expect((await desk.post(`/admin/in/${token}`, fields)).status).toBe(410)
    expect(await accounts.setUp(desk.world)).toBeUndefined()
  })

  test('a wrong password and an unknown address get the same answer; too many tries are held', async () => {
    await using desk = await openDesk(kind)
    const { address } = await colleague(desk, 'owner')
    const wrong = await desk.post('/admin/sign-in', { address, password: 'something else' })
    const unknown = await desk.post('/admin/sign-in', { address: 'nobody@news.example', password: 'something else' })
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    expect((await wrong.text()).replaceAll(address, '')).toBe(
      (await unknown.text()).replaceAll('nobody@news.example', ''),
    )
    for (let n = 0; n < 9; n++) await desk.post('/admin/sign-in', { address, password: 'something else' })
    expect((await desk.post('/admin/sign-in', { address, password: PASSWORD })).status).toBe(429)
    desk.world.clock.advance({ minutes: 16 })
    expect((await desk.post('/admin/sign-in', { address, password: PASSWORD })).status).toBe(303)
  })

  test('a session ends after 12 hours without use, after 30 days, and with a change of password or role', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const editor = await colleague(desk, 'editor')
    const open = async (one: { get(path: string): Response | Promise<Response> }) => (await one.get('/admin')).status
    expect(await open(editor)).toBe(200)
    expect((await owner.post(`/admin/people/${editor.account.public_id}/roles`, { role: 'reader' })).status).toBe(303)
    expect(await open(editor)).toBe(303)
    const changed = await owner.post('/admin/me/password', { before: PASSWORD, after: 'another long sentence' })
    expect(changed.status).toBe(303)
    expect(await open(owner)).toBe(303)
    const cookie = cookieOf(changed)
    const later = () => desk.request('/admin', { headers: { Cookie: cookie } })
    for (let day = 0; day < 59; day++) {
      desk.world.clock.advance({ hours: 11, minutes: 50 })
      expect((await later()).status).toBe(200)
    }
    desk.world.clock.advance({ hours: 23 })
    expect((await later()).status).toBe(303)
  })

  test('who works for one list sees no other’s digests on the first page', async () => {
    await using desk = await openDesk(kind)
    const [one, other] = [await mailing(desk.world, 1, 'one'), await mailing(desk.world, 1, 'other')]
    await edition(desk.world, one)
    await edition(desk.world, other)
    const lists = await desk.world.db.selectFrom('list').select(['id', 'slug']).execute()
    const scoped = await colleague(desk, 'sender', lists.find(({ slug }) => slug === 'one')!.id)
    const everywhere = await colleague(desk, 'sender')
    for (const slug of ['one', 'other'])
      await desk.world.db
        .updateTable('digest')
        .set({ title: `The ${slug} digest` })
        .where('slug', '=', slug)
        .execute()
    const seen = async (who: typeof scoped) => {
      const page = await (await who.get('/admin')).text()
      return [...page.matchAll(/<bdi>The (\w+) digest<\/bdi>/g)].map(([, slug]) => slug).sort()
    }
    expect(await seen(everywhere)).toEqual(['one', 'one', 'other', 'other']) // coming, and latest
    expect(await seen(scoped)).toEqual(['one', 'one'])
  })

  test('an address that nobody typed is refused or read without what it cannot hold, and breaks nothing', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    for (const { method, path } of routes) {
      const strange = path.replace(/:\w+/g, 'a%00')
      const asked = method === 'GET' ? owner.get : owner.post
      if (strange !== path) expect([strange, (await asked(strange)).status]).toEqual([strange, 404])
      if (method === 'GET' && strange === path && !path.endsWith('.csv'))
        for (const odd of [
          '%00',
          '1.5',
          '9007199254740991',
          '99999999999',
          '2026-02-30',
          '%2B275760-09-13',
          "'--",
          '%',
        ]) {
          const answer = await owner.get(`${path}?${ASKED.map((name) => `${name}=${odd}`).join('&')}`)
          expect([path, odd, answer.status < 500]).toEqual([path, odd, true])
        }
    }
    expect((await owner.post('/admin/lists', { slug: 'a\0b', title: '\0', 'x\0': '\0' })).status).toBeLessThan(500)
    expect(desk.world.logs.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('the last owner cannot go', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const path = `/admin/people/${owner.account.public_id}`
    expect((await owner.post(`${path}/end`)).status).toBe(409)
    expect((await owner.post(`${path}/roles`, { role: 'reader' })).status).toBe(409)
    expect((await owner.get('/admin/people')).status).toBe(200)
  })
})

describe('every page of the desk', () => {
  test('is for those whose role allows it, and for nobody who is not signed in', { timeout: 120_000 }, async () => {
    await using desk = await openDesk()
    const mine = await subscribers.addList(desk.world, 'cli', { slug: 'mine', title: 'Mine' })
    await subscribers.addList(desk.world, 'cli', { slug: 'other', title: 'Other' })
    const stranger = await accounts.invite(desk.world, 'cli', {
      address: 'stranger@news.example',
      roles: [{ role: 'reader', list: 0 }],
    })
    const granted = accounts.ROLES.flatMap((role) => [0, mine.id].map((list) => ({ role, list })))
    const people = await Promise.all(granted.map(({ role, list }) => colleague(desk, role, list)))
    const ids = ['zzzzzzzzzzz', 'other', stranger.account.public_id] // nobody's, another list's, somebody else's
    for (const route of routes)
      for (const path of new Set(ids.map((id) => route.path.replace(/:\w+/g, id)))) {
        const outside = route.method === 'GET' ? await desk.request(path) : await desk.post(path, {})
        expect([path, outside.status]).toEqual([path, route.method === 'GET' ? 303 : 401])
        if (path.endsWith('/sign-out') || path.startsWith('/admin/me/')) continue // ends what this walk needs
        for (const [nth, one] of granted.entries()) {
          const answer = await (route.method === 'GET' ? people[nth]!.get(path) : people[nth]!.post(path))
          const refused = answer.status === 403 || (typeof route.list === 'function' && answer.status === 404)
          const allowed = mayAsk(route, one)
          if (allowed !== 'some')
            expect([route.method, path, one, refused]).toEqual([route.method, path, one, !allowed])
        }
      }
    expect(await accounts.rolesOf(desk.world.read, stranger.account.id)).toEqual([{ role: 'reader', list: 0 }])
  })

  test('reads nothing of a large form before it knows who sends it, from where and how large', async () => {
    await using desk = await openDesk()
    const owner = await colleague(desk, 'owner')
    const larger = routes.filter(({ takes }) => takes)
    expect(larger.length).toBeGreaterThan(5)
    for (const { path, takes } of larger) {
      const type = 'files' in takes! ? 'multipart/form-data; boundary=xx' : FORM['Content-Type']
      const origin = { Origin: 'https://news.example', 'Content-Type': type }
      const known = { ...origin, Cookie: owner.cookie }
      for (const [headers, status] of [
        [origin, 401],
        [{ ...known, Origin: 'https://evil.example' }, 403],
        [known, 411],
        [{ ...known, 'Content-Length': '9', 'Transfer-Encoding': 'chunked' }, 411],
        [{ ...known, 'Content-Length': '999999999' }, 413],
      ] as const) {
        let read = 0
        const body = new ReadableStream({ pull: () => void read++ }, { highWaterMark: 0 })
        const init = { method: 'POST', body, duplex: 'half', headers } as RequestInit & {
          headers: Record<string, string>
        }
        const answer = await desk.request(path.replace(/:\w+/g, '1'), init)
        const gone = 'Cookie' in headers && answer.status === 404 && path.includes(':')
        expect([path, answer.status, read]).toEqual([path, gone ? 404 : status, 0])
      }
    }
  })

  test('changes nothing without its form’s token, or for another site’s form', { timeout: 60_000 }, async () => {
    await using desk = await openDesk()
    const owner = await colleague(desk, 'owner')
    for (const { method, path } of [...openRoutes, ...routes]) {
      if (method !== 'POST') continue
      const at = path.replace(/:\w+/g, 'zzzzzzzzzzz')
      for (const headers of [
        { Origin: 'https://evil.example' },
        { 'Sec-Fetch-Site': 'cross-site' },
        { 'Sec-Fetch-Site': 'same-site' },
      ])
        expect([at, (await owner.post(at, {}, headers)).status]).toEqual([at, 403])
      const bare = await desk.request(at, {
        method: 'POST',
        headers: { ...FORM, Cookie: owner.cookie },
        body: `t=${owner.t}`,
      })
      expect([at, bare.status]).toEqual([at, 403])
      if (!openRoutes.some((one) => one.path === path))
        for (const t of ['', 'x'.repeat(43), 'ü'.repeat(43)])
          expect([at, (await owner.post(at, { t })).status]).toEqual([at, 422])
    }
    expect((await owner.get('/admin/people')).status).toBe(200)
  })

  test('leads on to pages of its own only', async () => {
    await using desk = await openDesk()
    const owner = await colleague(desk, 'owner')
    for (const next of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/admin/../x',
      '/admin\n//x',
      '/admin.evil',
    ])
      expect(
        (await desk.post('/admin/sign-in', { address: owner.address, password: PASSWORD, next })).headers.get(
          'location',
        ),
      ).toBe('/admin')
    const far = await desk.post('/admin/sign-in', {
      address: owner.address,
      password: PASSWORD,
      next: '/admin/people?page=2',
    })
    expect(far.headers.get('location')).toBe('/admin/people?page=2')
  })

  test('tells the log and the trail no address and no token', async () => {
    await using desk = await openDesk()
    const owner = await colleague(desk, 'owner')
    await owner.post('/admin/people', { address: 'new@news.example', role: 'editor' })
    const trail = JSON.stringify([await changes(desk.world), desk.world.logs])
    expect(trail).not.toMatch(/@news\.example/)
    expect(trail).toContain('account.add')
  })
})

/** Whether somebody with this one role may have the page, for a list that is not his; `some`: it depends on what it is about. */
function mayAsk({ allow, list }: (typeof routes)[number], one: accounts.Granted): boolean | 'some' {
  if (allow === 'signed-in') return true
  const everywhere = accounts.may([one], allow)
  if (list === 'any') return accounts.listsOf([one], allow).length > 0
  if (typeof list === 'function' && everywhere) return 'some'
  return everywhere
}

function changes(world: World) {
  return world.db.selectFrom('change').selectAll().execute()
}
