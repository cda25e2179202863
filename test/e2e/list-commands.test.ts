import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProgram } from '../program.ts'
import { openWorld } from '../world.ts'

test('a list is set, shown, given its words and put on another site, by commands', async () => {
  await using world = await openWorld('sqlite', '2026-11-23T04:10:00Z')
  const run = (...args: string[]) => startProgram(world, args).ended
  const file = join(world.config.data, 'welcome.txt')
  writeFileSync(file, '\ufeffأهلًا {{name}}\r\n\r\nهذه «{{list}}».\r\n')
  expect((await run('list', 'add', 'daily', '--title', 'نشرة الصباح')).answer).toMatchObject({ visibility: 'private' })
  expect(await run('list', 'set', 'daily', '--single-opt-in', '')).toMatchObject({ code: 1 })
  const set = ['--public', '--from', 'Desk <desk@news.example>', '--single-opt-in', 'signed on paper']
  expect((await run('list', 'set', 'daily', ...set)).answer).toMatchObject({
    ...{ slug: 'daily', visibility: 'public', sender: 'Desk <desk@news.example>', single_opt_in: 'signed on paper' },
  })
  expect((await run('list', 'letter', 'daily', 'welcome', '--file', file)).answer).toMatchObject({
    language: 'ar',
    paragraphs: 1,
  })
  expect((await run('list', 'letter', 'daily', 'goodbye', '--language', 'tr', '--ours')).code).toBe(0)
  expect((await run('list', 'letter', 'daily', 'hello', '--ours')).code).toBe(1)
  expect((await run('list', 'show', 'daily')).answer).toMatchObject({
    letters: [
      { kind: 'goodbye', language: 'tr', subject: '(ours)' },
      { kind: 'welcome', language: 'ar', subject: 'أهلًا {{name}}' },
    ],
  })
  expect((await run('list', 'embed', 'daily', '--language', 'tr')).answer).toMatchObject({
    form: expect.stringContaining('action="https://news.example/subscribe"'),
    frame: expect.stringContaining('https://news.example/subscribe/embed?list=daily'),
  })
  expect((await run('list', 'set', 'daily', '--double-opt-in', '--from', '')).answer).toMatchObject({
    single_opt_in: null,
    sender: null,
  })
  expect((await run('list', 'all')).answer).toMatchObject([{ slug: 'daily' }])
}, 60_000)
