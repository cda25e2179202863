import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Sqlite from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'

const PROGRAM = resolve(import.meta.dirname, '../../bin/nashra.js')
const folder = mkdtempSync(join(tmpdir(), 'nashra-feeds-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the command line tells who reads the feeds and whether they are well', async () => {
  const file = join(folder, 'articles.jsonl')
  writeFileSync(
    file,
    '{"guid":"g1","title":"خبر أول","body_html":"<p>نص</p>","language":"ar","published_at":"2026-11-01T08:00:00Z"}\n',
  )
  await nashra(['article', 'import', file])
  const stats = await nashra(['channel', 'stats', '--json'])
  expect(JSON.parse(stats.out)).toEqual([
    { feed: 'all', readers: 0, services: [], programs: [], since: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) },
  ])
  expect((await nashra(['channel', 'stats', '--help'])).out).toMatch(/10 seconds/)

  const well = await nashra(['channel', 'health', 'all', '--json'])
  expect([well.code, JSON.parse(well.out)[0].valid]).toEqual([0, true])
  const database = new Sqlite(join(folder, 'data/nashra.db'))
  database.exec("update article set entry_id = 'x'")
  database.close()
  const ill = await nashra(['channel', 'health', '--json'])
  expect(ill.code).toBe(1)
  expect(JSON.parse(ill.out)[0]).toMatchObject({ valid: false, leftOut: [{ title: 'خبر أول' }] })
  const said = await nashra(['channel', 'health'], { LC_ALL: 'ar_SY.UTF-8' })
  expect(said.out).toMatch(/غير سليم.*\n.*خطأ: استُبعد خبر واحد.*\n.*«خبر أول»: معرّفه ليس عنوانًا مطلقًا/)
  expect((await nashra(['channel', 'health', 'nope'])).err).toMatch(/There is no channel nope/)
})

function nashra(words: string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', NASHRA_DATA: join(folder, 'data'), ...environment }
  const { promise, resolve } = Promise.withResolvers<{ code: number; out: string; err: string }>()
  execFile(process.execPath, [PROGRAM, ...words], { env, cwd: folder, timeout: 30_000 }, (error, out, err) => {
    resolve({ code: error ? Number(error.code ?? 99) : 0, out, err })
  })
  return promise
}
