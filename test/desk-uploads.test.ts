import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
} from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Hono } from 'hono'
import { afterAll, expect, test, vi } from 'vitest'
import { Problem } from '../src/problem.ts'
import * as uploads from '../src/uploads.ts'
import { type Received, receive } from '../src/web/desk/upload.ts'
import { hurry } from '../src/web/haste.ts'
import { openServer } from '../src/web/server.ts'
import { colleague, openDesk } from './desk.ts'

const ROOM = mkdtempSync(join(tmpdir(), 'nashra-uploads-'))
const MOST = 100_000
const BOUNDARY = 'xx'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`

afterAll(() => rmSync(ROOM, { recursive: true }))

/** What becomes of a form; the files that it brought, with their bytes. */
async function send(body: string | FormData, type?: string) {
  const paths: string[] = []
  const web = new Hono()
  web.post('/', async (c) => {
    try {
      const { form, files, done }: Received = await receive(c, MOST, ROOM)
      paths.push(...files.map(({ path }) => path))
      const read = files.map(({ path, ...file }) => ({ ...file, text: readFileSync(path, 'utf8') }))
      await done()
      return c.json({ form: [...form], files: read })
    } catch (error) {
      return error instanceof Problem
        ? c.json({ code: error.code }, error.status)
        : c.json({ error: String(error) }, 500)
    }
  })
  const headers = type ? { headers: { 'Content-Type': type } } : {}
  const response = await web.request('/', { method: 'POST', body, ...headers })
  for (const path of paths) expect(existsSync(path)).toBe(false)
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
}

test('a form with files brings its fields and their bytes, and the files are gone afterwards', async () => {
  const form = new FormData()
  form.append('t', 'token')
  form.append('alt', 'الجسر عند الغروب')
  form.append('picture', new File(['one'], 'الجسر.png'))
  form.append('picture', new File(['two'], '../../etc/passwd'))
  const { status, answer } = await send(form)
  expect(status).toBe(200)
  expect(answer['form']).toEqual([
    ['t', 'token'],
    ['alt', 'الجسر عند الغروب'],
  ])
  expect(answer['files']).toMatchObject([
    { field: 'picture', name: 'الجسر.png', bytes: 3, text: 'one' },
    { field: 'picture', name: 'passwd', text: 'two' },
  ])
})

test('a field for a file that was left empty brings none', async () => {
  const form = new FormData()
  form.append('picture', new File([], ''))
  expect((await send(form)).answer['files']).toEqual([])
})

test('a file that is too large, a cut body and what is no such form are refused in words', async () => {
  const large = new FormData()
  large.append('file', new File(['x'.repeat(MOST + 1)], 'a.csv'))
  expect(await send(large)).toMatchObject({ status: 413, answer: { code: 'upload-too-large' } })
  const cut = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nhalf of it`
  for (const body of [cut, '', '--', `--${BOUNDARY}\r\n`])
    expect([body, (await send(body, TYPE)).answer]).toEqual([body, { code: 'bad-form' }])
  expect((await send('a=b', 'application/x-www-form-urlencoded')).answer).toEqual({ code: 'bad-form' })
  expect((await send('a=b', 'multipart/form-data')).answer).toEqual({ code: 'bad-form' })
})

test('whatever is sent as such a form, the answer is its content or a refusal', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      `--${BOUNDARY}`,
      '\r\n',
      '\n',
      '--',
      'Content-Disposition: form-data; name="a"',
      '; filename="',
      '"',
    ),
    fc.string({ maxLength: 20 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      expect([200, 413, 422]).toContain((await send(pieces.join(''), TYPE)).status)
    }),
    { numRuns: 150 },
  )
})

/** The files in this folder that this process has open. */
function openIn(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) ? [path] : []
    } catch {
      return [] // the one that read the folder
    }
  })
}

test('who breaks off while he sends a file leaves nothing open and nothing behind', async () => {
  await using desk = await openDesk('sqlite', { NASHRA_PORT: '0' })
  const owner = await colleague(desk, 'owner')
  const server = await openServer(desk.world)
  const room = uploads.roomOf(desk.world.config)
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n`
  const headers = {
    'Content-Type': TYPE,
    'Content-Length': '10000000',
    Origin: 'https://news.example',
    Cookie: owner.cookie,
  }
  const asking = request({
    port: server.port,
    host: '127.0.0.1',
    path: '/admin/readers/import',
    method: 'POST',
    headers,
  })
  asking.once('error', () => {})
  asking.write(head + 'x'.repeat(300_000))
  await vi.waitFor(() => expect(openIn(room)).toHaveLength(1), { timeout: 5000 })
  asking.destroy()
  await vi.waitFor(() => expect(readdirSync(room)).toEqual([]), { timeout: 5000 })
  expect(openIn(room)).toEqual([])
  await server.close()
})

test('what a crash left is taken away when the site opens, and what still arrives is not', async () => {
  await using desk = await openDesk('sqlite', { NASHRA_PORT: '0' })
  const room = uploads.roomOf(desk.world.config)
  for (const name of ['old', 'new']) mkdirSync(join(room, name), { recursive: true })
  utimesSync(join(room, 'old'), new Date(), new Date(Date.now() - 2 * 3_600_000))
  await (await openServer(desk.world)).close()
  expect(readdirSync(room)).toEqual(['new'])
})

test('a body that drips is cut when its time is over, unless it was given more', async () => {
  const given = [100, 60_000]
  const server = createServer((asked, answer) => {
    hurry(asked, 50)
    hurry(asked, given.shift())
    asked.resume().once('end', () => answer.end('here'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const drip = () =>
    new Promise((resolve) => {
      const asking = request(
        { port, host: '127.0.0.1', method: 'POST', headers: { 'Content-Length': '2' } },
        (answer) => resolve(answer.resume().statusCode),
      )
      asking.once('error', () => resolve('cut'))
      asking.write('a')
      setTimeout(() => asking.end('b'), 600)
    })
  expect(await drip()).toBe('cut')
  expect(await drip()).toBe(200)
  server.closeAllConnections()
  server.close()
})
