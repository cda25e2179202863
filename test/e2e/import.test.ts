import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import * as subscribers from '../../src/subscribers/index.ts'
import { startProgram } from '../program.ts'
import { count } from '../taken-in.ts'
import { databases, openWorld, type World } from '../world.ts'
import { zipOf } from '../zip.ts'

const folder = mkdtempSync(join(tmpdir(), 'nashra-import-'))
const MANY = 12_000
const large = join(folder, 'large.csv')
writeFileSync(
  large,
  `email,name\n${Array.from({ length: MANY }, (_, n) => `r${n}@example.org,قارئ ${n}${' س'.repeat(80)}\n`).join('')}`,
)
afterAll(() => rmSync(folder, { recursive: true }))

describe.each(databases.filter((kind) => kind !== 'pglite'))('nashra subscribers import on %s', (kind) => {
  async function open(): Promise<World> {
    const world = await openWorld(kind, new Date().toISOString())
    await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز', language: 'ar' })
    return world
  }

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'ended by %s at any moment is whole so far, begun again it completes, and a third changes nothing',
    async (signal) => {
      await using world = await open()
      const first = startProgram(world, ['subscribers', 'import', large, '--list', 'daily'])
      while ((await count(world)).subscription < 500) await setTimeout(5)
      first.process.kill(signal)
      const ended = await first.ended
      const { subscription, consent, import_entry } = await count(world)
      expect(subscription).toBeLessThan(MANY)
      expect([consent, import_entry]).toEqual([subscription, subscription])
      if (signal !== 'SIGKILL') {
        expect(ended.code).toBe(1)
        expect(await subscribers.imports(world)).toMatchObject([{ state: 'stopped', added: subscription }])
      }
      expect(readdirSync(join(world.config.data, 'imports'))).toEqual([])

      const second = await startProgram(world, ['subscribers', 'import', large, '--list', 'daily']).ended
      expect(second.answer).toMatchObject({ refused: false, added: MANY - subscription, unchanged: subscription })
      expect(await count(world)).toMatchObject({ subscriber: MANY, subscription: MANY, consent: MANY })
      const third = await startProgram(world, ['subscribers', 'import', large, '--list', 'daily']).ended
      expect(third.answer).toMatchObject({ import: null, added: 0, updated: 0, unchanged: MANY })
    },
  )

  test('tells what it would do, maps columns, writes what it did not take in, and never over another file', async () => {
    await using world = await open()
    const file = join(folder, `${kind}.csv`)
    const rejects = join(folder, `${kind}.rejects.csv`)
    writeFileSync(file, 'Contact;Who\r\na@example.org;Ali\r\n=cmd;X\r\n')
    const args = [
      'subscribers',
      'import',
      file,
      '--list',
      'daily',
      '--map',
      'email=Contact',
      '--map',
      'name=2',
      '--rejects',
      rejects,
    ]
    const dry = await startProgram(world, [...args, '--dry-run']).ended
    expect(dry.answer).toMatchObject({ import: null, added: 1, rejected: [{ line: 3 }] })
    expect(await count(world)).toMatchObject({ subscription: 0 })
    expect(statSync(rejects).mode & 0o777).toBe(0o600)
    const lines = readFileSync(rejects, 'utf8').split('\r\n')
    expect(lines[0]).toBe('\ufefffile,line,verdict,value,reason')
    expect(lines[1]).toContain(`,3,invalid,'=cmd,`)
    expect((await startProgram(world, args).ended).code).toBe(1)
    expect(readFileSync(rejects, 'utf8').split('\r\n')).toEqual(lines)
    rmSync(rejects)
    expect((await startProgram(world, args).ended).answer).toMatchObject({ import: 1, added: 1 })

    expect((await startProgram(world, ['import', 'list']).ended).answer).toMatchObject([
      { id: 1, state: 'done', added: 1 },
    ])
    expect((await startProgram(world, ['import', 'undo', '1']).ended).answer).toMatchObject({ import: 1, removed: 1 })
    expect(await count(world)).toMatchObject({ subscriber: 0, subscription: 0, consent: 0 })
  })

  test('a ZIP that lies, is encrypted, damaged or a bomb is refused, and nothing of it lands on the disk', async () => {
    await using world = await open()
    const csv = 'email\na@example.org\n'
    const zips: [string, Buffer][] = [
      ['lies', zipOf([['a.csv', csv]], { says: 5 })],
      ['encrypted', zipOf([['a.csv', csv]], { flags: 1 })],
      ['damaged', zipOf([['a.csv', csv]]).subarray(0, -30)],
      ['climbs', zipOf([['../../evil.csv', csv]])],
      ['bomb', zipOf([['a.csv', Buffer.alloc(20_000_000, 'a')]])],
      ['empty', zipOf([['a.jpg', 'x']])],
      ['nested', zipOf([['a.zip', zipOf([['a.csv', csv]])]])],
    ]
    for (const [name, bytes] of zips) {
      const file = join(folder, `${kind}-${name}.zip`)
      writeFileSync(file, bytes)
      const { code, errors } = await startProgram(world, ['subscribers', 'import', file, '--list', 'daily']).ended
      expect([name, code]).toEqual([name, 1])
      expect(errors).not.toContain('    at ')
    }
    expect(await count(world)).toMatchObject({ subscription: 0 })
    expect(existsSync(join(folder, '..', 'evil.csv'))).toBe(false)
  })
})
