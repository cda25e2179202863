import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')

/** Right may import left, never the reverse. */
const ROWS = ['db', 'src', 'src/web', 'jobs', 'src/commands', 'src/main.ts']

/** The one place of each package. */
const DOORS: Record<string, string> = {
  'better-sqlite3': 'db/sqlite.ts db/sqlite-worker.ts',
  pg: 'db/postgres.ts',
  kysely: 'db/ src/',
  feed: 'src/syndication/',
  'rss-parser': 'src/reading/',
  sax: 'src/wordpress/',
  nodemailer: 'src/mail.ts',
  'smtp-server': 'src/outbox.ts src/bounces/listener.ts',
  imapflow: 'src/bounces/folder.ts',
  mailparser: 'src/outbox.ts src/bounces/reading-worker.ts',
  'node-cron': 'src/job.ts',
  sharp: 'src/rendering.ts src/ink.ts',
  'sanitize-html': 'src/text.ts',
  'html-to-text': 'src/text.ts',
  'intl-messageformat': 'src/locale.ts',
  'csv-stringify': 'src/spreadsheets/writing.ts',
  yauzl: 'src/spreadsheets/archive.ts',
  pino: 'src/open.ts',
  commander: 'src/commands/ src/main.ts',
  'cli-progress': 'src/commands/progress.ts',
  hono: 'src/web/',
  '@hono/node-server': 'src/web/',
  undici: 'src/fetching/index.ts',
  'ipaddr.js': 'src/fetching/guard.ts',
  zod: 'src/articles/draft.ts',
  otpauth: 'src/accounts/factors.ts',
  'htmx.org': 'src/web/desk/files.ts',
  'squire-rte': 'src/web/desk/files.ts',
  dompurify: 'src/web/desk/files.ts',
  '@fastify/busboy': 'src/web/desk/upload.ts',
}

type Import = { from: string; to: string; file: boolean }

const imports = ['db', 'src', 'jobs'].flatMap(filesIn).flatMap(importsOf)

test('imports go from right to left only', () => {
  const wrong = imports.filter(({ from, to, file }) => file && rowOf(to) > rowOf(from))
  expect(wrong).toEqual([])
})

test('no module imports itself by way of others', () => {
  const next = Map.groupBy(
    imports.filter((one) => one.file),
    (one) => one.from,
  )
  const done = new Set<string>()
  function walk(file: string, path: string[]): void {
    if (path.includes(file)) throw new Error(`a cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
    if (done.has(file)) return
    for (const { to } of next.get(file) ?? []) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
})

test('each package has one door', () => {
  const wrong = imports.filter(({ from, to, file }) => !file && !door(to).some((place) => from.startsWith(place)))
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
})

test('the environment is read in one place', () => {
  const readers = ['db', 'src', 'jobs'].flatMap(filesIn).filter((file) => /process\.env/.test(textOf(file)))
  expect(readers).toEqual(['src/config.ts'])
})

function door(specifier: string): string[] {
  if (specifier.startsWith('node:')) return ['']
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  return (DOORS[name] ?? 'nobody: name its door here').split(' ')
}

function rowOf(file: string): number {
  return ROWS.findLastIndex((row) => file === row || file.startsWith(`${row}/`))
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

/** What a file really loads: type-only imports are free. */
function importsOf(file: string): Import[] {
  const text = textOf(file).replace(/^\s*(import|export) type [^;]*?from '[^']+'/gm, '')
  return [...text.matchAll(/(?:^(?:import|export|\}) .*?from |import\(|^import )'([^'\n]+)'/gm)].flatMap(
    ([, specifier]): Import[] => {
      if (!specifier!.startsWith('.')) return [{ from: file, to: specifier!, file: false }]
      const target = relative(ROOT, resolve(ROOT, dirname(file), specifier!))
      if (!existsSync(join(ROOT, target))) throw new Error(`${file} imports ${specifier}, which is not there`)
      return target.endsWith('.ts') ? [{ from: file, to: target, file: true }] : []
    },
  )
}

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}
