import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import * as accounts from '../../src/accounts/index.ts'
import * as subscribers from '../../src/subscribers/index.ts'
import { cookieOf, PASSWORD } from '../desk.ts'
import { startProgram } from '../program.ts'
import { count } from '../taken-in.ts'
import { databases, openWorld } from '../world.ts'

const IMPORTS = '/admin/readers/import'
const MANY = { sqlite: 200_000, postgres: 40_000 } as Record<string, number>

describe.each(databases.filter((kind) => kind !== 'pglite'))(
  'an import at the desk whose server is killed, on %s',
  (kind) => {
    test('is shown as stopped, and goes on where it was: nothing is lost, nothing is there twice', {
      timeout: 400_000,
    }, async () => {
      const many = MANY[kind]!
      const port = 20_000 + Math.floor(Math.random() * 20_000)
      const url = `http://127.0.0.1:${port}`
      await using world = await openWorld(kind, new Date().toISOString())
      await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar' })
      const { token } = await accounts.invite(world, 'cli', {
        address: 'owner@news.example',
        roles: [{ role: 'owner', list: 0 }],
      })
      const serve = () => startProgram(world, ['serve'], { NASHRA_PORT: String(port), NASHRA_URL: url })
      let server = serve()
      try {
        await answers(url)
        const owner = await signIn(url, token)
        const rows = Array.from({ length: many }, (_, n) => `r${n}@posta.example,قارئ ${n}\n`).join('')
        const form = new FormData()
        form.append('t', owner.t)
        form.append('list', 'daily')
        form.append('files', new File([`email,name\n${rows}not an address,x\n`], 'readers.csv'))
        const whole = new Response(form)
        const bytes = Buffer.from(await whole.arrayBuffer())
        const sent = await owner.ask(IMPORTS, {
          ...{ method: 'POST', body: bytes, redirect: 'manual' },
          headers: { 'Content-Type': whole.headers.get('content-type')!, 'Content-Length': String(bytes.length) },
        })
        const path = sent.headers.get('location')!
        await owner.post(`${path}/try`)
        await comesTo(owner, path, `${path}/start"`)
        await owner.post(`${path}/start`)
        while ((await count(world)).subscription < many / 20) await sleep(20)
        server.process.kill('SIGKILL')
        await once(server.process, 'close')
        const before = await count(world)
        expect(before.subscription).toBeLessThan(many)
        expect([before.consent, before.import_entry]).toEqual([before.subscription, before.subscription])

        server = serve()
        await answers(url)
        const stopped = await comesTo(owner, path, `${path}/start"`) // within half a minute
        expect(stopped).not.toContain('<progress')
        expect(await (await owner.ask(IMPORTS)).text()).toContain(path)
        await owner.post(`${path}/start`)
        const done = await comesTo(owner, path, 'rejects.csv')
        expect([...done.matchAll(/<dd class="number">(\d+)<\/dd>/g)].map(([, n]) => Number(n))).toEqual([
          many - before.subscription,
          0,
          before.subscription,
          1,
        ])
        const all = { subscriber: many, subscription: many, consent: many, import_entry: many }
        expect(await count(world)).toEqual(all)
        const states = (await subscribers.imports(world)).map(({ state, added }) => [state, added])
        expect(states[0]).toEqual(['done', many - before.subscription])
        expect(states).toHaveLength(2)
        expect(await (await owner.ask(`${path}/rejects.csv`)).text()).toContain('not an address')
      } finally {
        server.process.kill('SIGKILL')
        await server.ended.catch(() => {})
      }
    })
  },
)

async function answers(url: string): Promise<void> {
  for (let n = 0; n < 1200; n++) {
    if (
      await fetch(`${url}/admin/sign-in`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    await sleep(50)
  }
  throw new Error('the server does not come')
}

type Owner = Awaited<ReturnType<typeof signIn>>

async function signIn(url: string, token: string) {
  const headers = { Origin: url, 'Content-Type': 'application/x-www-form-urlencoded' }
  const body = new URLSearchParams({ password: PASSWORD }).toString()
  const entered = await fetch(`${url}/admin/in/${token}`, { method: 'POST', body, headers, redirect: 'manual' })
  const cookie = cookieOf(entered)
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { ...init, headers: { Cookie: cookie, Origin: url, ...init.headers } })
  const t = /name="t" value="([^"]+)"/.exec(await (await ask('/admin/me')).text())![1]!
  return {
    ...{ t, ask },
    post: (path: string) =>
      ask(path, { method: 'POST', body: new URLSearchParams({ t }).toString(), headers, redirect: 'manual' }),
  }
}

async function comesTo(owner: Owner, path: string, words: string): Promise<string> {
  for (let n = 0; n < 600; n++) {
    const page = await (await owner.ask(path)).text()
    if (page.includes(words)) return page
    await sleep(300)
  }
  throw new Error(`it does not come to ${words}`)
}
