import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { Problem } from '../src/problem.ts'
import { type Received, receive } from '../src/web/desk/upload.ts'

const MOST = 100_000
const BOUNDARY = 'xx'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** What becomes of a form; the files that it brought, with their bytes. */
async function send(body: string | FormData, type?: string) {
  const paths: string[] = []
  const web = new Hono()
  web.post('/', async (c) => {
    try {
      const { form, files, done }: Received = await receive(c, MOST)
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
