import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProgram, startSending } from '../program.ts'
import { openRelay } from '../relay.ts'
import { openWorld } from '../world.ts'

test('a reader asks for an evening in New York on the command line, and gets the letter then', async () => {
  await using relay = await openRelay()
  await using world = await openWorld('sqlite', Temporal.Now.instant().toString())
  const run = async (...args: string[]) => {
    const { code, answer, errors } = await startProgram(world, args).ended
    expect(errors).toBe('')
    expect(code).toBe(0)
    return answer as unknown
  }
  const file = (name: string, text: string) => {
    writeFileSync(join(world.config.data, name), text)
    return join(world.config.data, name)
  }
  const tomorrow = Temporal.Now.plainDateISO('America/New_York').add({ days: 1 })
  const evening = tomorrow.toZonedDateTime({ timeZone: 'America/New_York', plainTime: '19:45' }).toInstant()
  const story = { guid: 'g1', title: 'خبر', body_html: '<p>نص</p>', language: 'ar' }
  const published_at = evening.subtract({ hours: 3 }).toString()

  await run('list', 'add', 'morning', '--title', 'نشرة الصباح')
  await run(
    'subscribers',
    'import',
    file('readers.csv', 'email\nomar@example.org\nlena@example.org\n'),
    '--list',
    'morning',
  )
  await run(
    'digest',
    'add',
    'daily',
    '--channel',
    'all',
    '--list',
    'morning',
    '--at',
    '08:00',
    '--zone',
    'Europe/Istanbul',
  )
  const asked = ['--list', 'morning', '--at', '19:45', '--zone', 'America/New_York']
  expect(await run('subscriber', 'hour', 'omar@example.org', ...asked)).toMatchObject({
    state: 'coming',
    zone: 'America/New_York',
  })
  expect(await run('subscriber', 'hour', 'omar@example.org', '--list', 'morning', '--weekdays', 'daily')).toMatchObject(
    {
      words: expect.stringContaining('19:45'),
    },
  )
  await run('article', 'import', file('stories.jsonl', `${JSON.stringify({ ...story, published_at })}\n`))
  const before = await run('digest', 'compose', '--at', evening.subtract({ minutes: 1 }).toString())
  expect(before).not.toContainEqual(expect.objectContaining({ state: 'composed' }))
  const composed = await run('digest', 'compose', '--at', evening.toString())
  expect(composed).toContainEqual(
    expect.objectContaining({ state: 'composed', day: tomorrow.toString(), stories: 1, recipients: 1 }),
  )
  expect(await startSending(world, relay.url).ended).toMatchObject({ code: 0, answer: { submitted: 1 } })
  expect(relay.received.map(({ to }) => to)).toEqual(['omar@example.org'])
})
