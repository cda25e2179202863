import { execFile, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const PROGRAM = resolve(import.meta.dirname, '../../bin/nashra.js')
const folder = mkdtempSync(join(tmpdir(), 'nashra-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const latin1 = join(folder, 'latin1.txt')
writeFileSync(latin1, Buffer.from('Künye', 'latin1'))

type Answer = { code: number; out: string; err: string }

describe('the command line', () => {
  test.each([
    ['an unknown command', ['artikle'], {}, 2, /unknown command 'artikle'/],
    ['a missing argument', ['article', 'import'], {}, 2, /missing required argument/],
    [
      'an unknown setting',
      ['site', 'show'],
      { NASHRA_SMPT: 'smtp://x' },
      2,
      /NASHRA_SMPT is not known; did you mean NASHRA_SMTP\?/,
    ],
    [
      'a password that was not escaped',
      ['site', 'show'],
      { NASHRA_SMTP: 'smtp://user:p#ss@relay.example:587' },
      2,
      /%23/,
    ],
    [
      'an unreadable file',
      ['article', 'import', 'nowhere.jsonl'],
      {},
      1,
      /The file nowhere\.jsonl cannot be read: ENOENT/,
    ],
    [
      'a page that is not there',
      ['site', 'set', '--about', 'nowhere.html'],
      {},
      1,
      /nowhere\.html cannot be read: ENOENT/,
    ],
    ['a page without an end', ['site', 'set', '--about', '/dev/zero'], {}, 1, /\/dev\/zero is larger than 200 kB/],
    ['a page in another encoding', ['site', 'set', '--imprint', latin1], {}, 1, /latin1\.txt is not UTF-8/],
    ['a folder for a file', ['article', 'import', '.'], {}, 1, /The file \. cannot be read: EISDIR/],
    [
      'an unknown channel',
      ['digest', 'add', 'd', '--channel', 'nope', '--list', 'l', '--at', '08:00'],
      {},
      1,
      /There is no channel nope/,
    ],
    [
      'an hour that is none',
      ['digest', 'add', 'd', '--channel', 'all', '--list', 'l', '--at', '25:00'],
      {},
      1,
      /25:00 is not an hour/,
    ],
    [
      'an unreachable database',
      ['site', 'show'],
      { NASHRA_DATABASE: 'postgres://nobody:secret@127.0.0.1:9/x' },
      1,
      /The database postgres:\/\/127\.0\.0\.1:9\/x cannot be opened: connect ECONNREFUSED/,
    ],
    [
      'a file that is no database',
      ['site', 'show'],
      { NASHRA_DATABASE: PROGRAM },
      1,
      /cannot be opened: file is not a database/,
    ],
    [
      'a password with an @',
      ['site', 'show'],
      { NASHRA_DATABASE: 'postgres://x:a@secret@127.0.0.1:9/x' },
      1,
      /127\.0\.0\.1:9/,
    ],
    ['a file for the data folder', ['site', 'show'], { NASHRA_DATA: `${PROGRAM}/x` }, 1, /cannot be used: ENOTDIR/],
    ['a folder for the key ring', ['site', 'show'], { NASHRA_SECRET_FILE: '/tmp' }, 1, /\/tmp cannot be used: EISDIR/],
    [
      'an address of another machine',
      ['serve'],
      { NASHRA_HOST: '203.0.113.9' },
      1,
      /is not an address of this machine/,
    ],
    [
      'a sender of two lines',
      ['site', 'set', '--from', 'x\r\nBcc: <p@news.example>'],
      {},
      1,
      /is not an e-mail address/,
    ],
    ['no sender', ['send', '--until-empty'], { NASHRA_SMTP: 'smtp://127.0.0.1:9' }, 1, /There is no sender/],
    ['no relay', ['send', '--until-empty'], { NASHRA_FROM: 'p@news.example' }, 1, /There is no relay/],
    ['an unknown edition', ['edition', 'verify', 'x'], {}, 1, /There is no edition x/],
    ['a limit that is no number', ['article', 'list', '--limit', 'abc'], {}, 1, /--limit takes a whole number/],
    ['a limit below one', ['article', 'list', '--limit=-5'], {}, 1, /--limit takes a whole number from 1 to 1000/],
    ['a limit of nothing', ['article', 'list', '--limit', '0'], {}, 1, /--limit takes a whole number/],
    ['a source that is no number', ['channel', 'add', 'c', '--title', 'C', '--source', 'abc'], {}, 1, /source takes/],
    ['a source that is empty', ['channel', 'add', 'c', '--title', 'C', '--source', ''], {}, 1, /source takes/],
    ['a channel without a title', ['channel', 'add', 'c', '--title', ''], {}, 1, /The title is empty/],
    ['a list without a title', ['list', 'add', 'l', '--title', ' '], {}, 1, /The title is empty/],
    [
      'an age beyond all days',
      ['digest', 'add', 'd', '--channel', 'all', '--list', 'l', '--at', '08:00', '--max-age', '99999999999999d'],
      {},
      1,
      /99999999999999d is too long a time/,
    ],
    ['a wait beyond all days', ['send', '--until-empty', '--wait', '4000d'], {}, 1, /4000d is too long a time/],
    ['a day before 1970', ['digest', 'compose', '--at', '1969-12-31T23:59:59Z'], {}, 1, /1969-.* is not a moment/],
    ['a day after 2100', ['digest', 'compose', '--at', '+012026-01-01T00:00:00Z'], {}, 1, /is not a moment/],
    ['a path in the public address', ['site', 'show'], { NASHRA_URL: 'https://x.example/news' }, 2, /is a path/],
    ['a pause that is none', ['site', 'show'], { NASHRA_RETRY: 'x' }, 2, /«x» is not a pause/],
  ])('answers %s with one sentence', async (_, words, environment, code, sentence) => {
    const answer = await nashra(words, environment as Record<string, string>)
    expect(answer).toMatchObject({ code, out: '' })
    expect(answer.err).toMatch(sentence)
    expect(answer.err.trim().split('\n').length).toBeLessThanOrEqual(2) // commander adds where help is
    expect(answer.err).not.toMatch(/secret|p#ss| at .*\.ts:/)
  })

  test('a digest without a title, a preview for a stranger or into a folder that takes nothing end with one sentence', async () => {
    const NASHRA_DATA = join(folder, 'preview')
    const file = join(folder, 'p.jsonl')
    writeFileSync(file, '{"guid":"a","title":"واحد","body_html":"<p>نص</p>"}\n')
    for (const words of [
      ['site', 'set', '--name', 'نشرة', '--from', 'p@news.example'],
      ['article', 'import', file],
      ['list', 'add', 'l', '--title', 'L'],
      ['digest', 'add', 'd', '--channel', 'all', '--list', 'l', '--at', '08:00'],
    ])
      expect(await nashra(words, { NASHRA_DATA })).toMatchObject({ code: 0, err: '' })
    const nameless = ['digest', 'add', 'e', '--channel', 'all', '--list', 'l', '--at', '08:00', '--title', ' ']
    expect(await nashra(nameless, { NASHRA_DATA })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^nashra: The title is empty.*\n$/),
    })
    const preview = (...more: string[]) => nashra(['digest', 'preview', 'd', ...more], { NASHRA_DATA })
    const stranger = await preview('--out', join(folder, 'out'), '--subscriber', 'nobody@x.example')
    expect(stranger).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^nashra: We know nothing of n…@x\.example.*\n$/),
    })
    for (const out of ['/proc/self', file]) {
      const unwritable = await preview('--out', out)
      expect(unwritable).toMatchObject({
        code: 1,
        err: expect.stringMatching(/^nashra: The folder .* cannot be written.*\n$/),
      })
    }
    expect(await preview('--out', join(folder, 'out'))).toMatchObject({ code: 0, err: '' })
  })

  test.skipIf(!existsSync('/dev/full'))('says that the answer did not fit, and fails', async () => {
    const full = openSync('/dev/full', 'w')
    const NASHRA_DATA = await shelf()
    for (const words of [
      ['article', 'list'],
      ['subscribers', 'export', '--list', 'l'],
    ]) {
      const answer = await nashraInto(full, words, { NASHRA_DATA })
      expect(answer).toEqual({
        code: 1,
        err: expect.stringMatching(/^nashra: The answer could not be written to its end: ENOSPC.*\n$/),
      })
    }
    closeSync(full)
  })

  test('does its work to the end when nobody reads the answer', async () => {
    const NASHRA_DATA = await shelf()
    const file = join(folder, 'half.jsonl')
    writeFileSync(file, '{"guid":"z","title":"واحد"}\n{oops\n')
    expect(await nashraInto('gone', ['subscribers', 'export', '--list', 'l'], { NASHRA_DATA })).toEqual({
      code: 0,
      err: '',
    })
    expect(await nashraInto('gone', ['article', 'list', '--json'], { NASHRA_DATA })).toEqual({ code: 0, err: '' })
    const imported = await nashraInto('gone', ['article', 'import', file], { NASHRA_DATA })
    expect(imported).toEqual({ code: 1, err: expect.stringContaining('1 line could not be used') })
    expect((await nashra(['article', 'list', '--search', 'واحد'], { NASHRA_DATA })).out).toContain('guid=z')
  })

  test('no file can give orders to the terminal', async () => {
    const NASHRA_DATA = join(folder, 'orders')
    const file = join(folder, 'orders.jsonl')
    writeFileSync(file, '{"\u001b]0;owned\u0007\u009b31m\n')
    const { out, err } = await nashra(['article', 'import', file], { NASHRA_DATA })
    expect(`${out}${err}`.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  test('counts over several files, and says in which one a line is broken', async () => {
    const NASHRA_DATA = join(folder, 'several')
    const [one, two] = [join(folder, 'one.jsonl'), join(folder, 'two.jsonl')]
    writeFileSync(one, '{"guid":"a","title":"واحد"}\n')
    writeFileSync(two, '\n{oops\n{"guid":"b","title":"اثنان"}\n')
    const answer = await nashra(['article', 'import', one, two, '--json'], { NASHRA_DATA })
    expect(JSON.parse(answer.out)).toEqual({
      added: 2,
      revised: 0,
      unchanged: 0,
      rejected: [{ file: two, line: 2, reason: expect.stringContaining('not JSON') }],
      rejectedInAll: 1,
    })
  })

  test('says which line of an import is broken, and the rest go in', async () => {
    const file = join(folder, 'a.jsonl')
    writeFileSync(file, '{"guid":"a","title":"واحد"}\n{oops\n{"guid":"b","title":"اثنان"}\n')
    const answer = await nashra(['article', 'import', file, '--json'], { NASHRA_DATA: join(folder, 'import') })
    expect(answer.code).toBe(1)
    expect(JSON.parse(answer.out)).toMatchObject({ added: 2, rejected: [{ line: 2 }] })
    expect(answer.err).toMatch(/1 line could not be used, the first is line 2: not JSON/)
  })

  test('takes the pages of the paper from files and lets go of one for an empty file', async () => {
    const NASHRA_DATA = join(folder, 'standing')
    const [page, nothing] = [join(folder, 'about.html'), join(folder, 'empty.txt')]
    writeFileSync(page, '\ufeff<p>من نحن</p>')
    writeFileSync(nothing, '')
    const set = async (...words: string[]) =>
      JSON.parse((await nashra(['site', 'set', ...words, '--json'], { NASHRA_DATA })).out)
    expect(await set('--about', page, '--imprint', page)).toMatchObject({
      about: true,
      contact: false,
      privacy: false,
      imprint: true,
    })
    expect(await set('--about', nothing)).toMatchObject({ about: false, imprint: true })
    expect((await nashra(['site', 'show'], { NASHRA_DATA })).out).toMatch(/about: false[\s\S]*imprint: true/)
  })

  test('refuses a database that a newer program has written', async () => {
    const data = join(folder, 'newer')
    expect((await nashra(['migrate'], { NASHRA_DATA: data })).code).toBe(0)
    const { openDatabase } = await import('../../db/open.ts')
    const database = openDatabase(join(data, 'nashra.db'))
    await database.db
      .withTables<{ kysely_migration: { name: string; timestamp: string } }>()
      .insertInto('kysely_migration')
      .values({ name: '2031-01-later', timestamp: '' })
      .execute()
    await database.close()
    const answer = await nashra(['site', 'show'], { NASHRA_DATA: data })
    expect(answer).toMatchObject({ code: 1, out: '' })
    expect(answer.err).toMatch(/was written by a newer Nashra \(it knows 2031-01-later\)/)
  })

  test('says that a port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const port = (other.address() as { port: number }).port
    const answer = await nashra(['serve'], { NASHRA_PORT: String(port) })
    other.close()
    expect(answer.code).toBe(1)
    expect(answer.err).toContain(`Port ${port} is taken`)
  })

  test('speaks the language of the terminal', async () => {
    expect((await nashra(['send', '--until-empty'], { LC_ALL: 'tr_TR.UTF-8' })).err).toMatch(/Gönder/)
    expect((await nashra(['send', '--until-empty'], { LC_ALL: 'ar_SY.UTF-8' })).err).toMatch(/إرسال|مُرسِل/)
  })

  test('keeps its folder to its owner', async () => {
    const { statSync } = await import('node:fs')
    const data = join(folder, 'private')
    await nashra(['site', 'show'], { NASHRA_DATA: data })
    expect(statSync(data).mode & 0o777).toBe(0o700)
    expect(statSync(join(data, 'secret')).mode & 0o777).toBe(0o600)
  })
})

/** A folder with more articles and readers than a pipe holds. */
async function shelf(): Promise<string> {
  const NASHRA_DATA = join(folder, 'shelf')
  if (existsSync(NASHRA_DATA)) return NASHRA_DATA
  const stories = join(folder, 'shelf.jsonl')
  const readers = join(folder, 'shelf.csv')
  writeFileSync(
    stories,
    Array.from({ length: 50 }, (_, n) => `{"guid":"${n}","title":"${'خبر '.repeat(400)}"}\n`).join(''),
  )
  writeFileSync(
    readers,
    ['email', ...Array.from({ length: 5000 }, (_, n) => `reader-${n}@long.news.example`)].join('\n'),
  )
  await nashra(['article', 'import', stories], { NASHRA_DATA })
  await nashra(['list', 'add', 'l', '--title', 'L'], { NASHRA_DATA })
  await nashra(['subscribers', 'import', readers, '--list', 'l'], { NASHRA_DATA })
  return NASHRA_DATA
}

/** Runs it with its answer going into an open file, or to a reader that has gone. */
function nashraInto(output: number | 'gone', words: string[], environment: Record<string, string>) {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...environment }
  const stdout = output === 'gone' ? 'pipe' : output
  const child = spawn(process.execPath, [PROGRAM, ...words], { env, cwd: folder, stdio: ['ignore', stdout, 'pipe'] })
  child.stdout?.destroy()
  let err = ''
  child.stderr!.on('data', (bytes) => {
    err += bytes
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, err })))
}

function nashra(words: string[], environment: Record<string, string> = {}): Promise<Answer> {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', NASHRA_DATA: join(folder, 'data'), ...environment }
  return new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...words], { env, cwd: folder, timeout: 30_000 }, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? 99) : 0, out, err })
    })
  })
}
