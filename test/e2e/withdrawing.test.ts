import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProgram, startSending } from '../program.ts'
import { openRelay, type Received } from '../relay.ts'
import { openWorld } from '../world.ts'

const READERS = 1000
const RATE = 60 // letters a second, so that there is time for a command
const AT = 100

test('a story that is withdrawn at the 100th of 1,000 letters is not in the last 500', {
  timeout: 120_000,
}, async () => {
  let reached = () => {}
  const hundredth = new Promise<void>((resolve) => {
    reached = resolve
  })
  await using relay = await openRelay({
    dot: () => {
      if (relay.seen.length === AT) reached()
      return '250 ok'
    },
  })
  await using world = await openWorld('sqlite', new Date().toISOString())
  const run = async (...args: string[]) => {
    const { code, answer, errors } = await startProgram(world, args).ended
    expect(errors).toBe('')
    expect(code).toBe(0)
    return answer
  }
  const file = (name: string, text: string) => {
    writeFileSync(join(world.config.data, name), text)
    return join(world.config.data, name)
  }
  await run('article', 'import', file('stories.jsonl', ['false', 'true'].map(story).join('\n')))
  await run('list', 'add', 'morning', '--title', 'Morning', '--language', 'en')
  const addresses = Array.from({ length: READERS }, (_, n) => `reader-${n}@example.org`)
  await run('subscribers', 'import', file('readers.csv', `email\n${addresses.join('\n')}\n`), '--list', 'morning')
  await run('digest', 'add', 'morning', '--channel', 'all', '--list', 'morning', '--at', '08:00', '--zone', 'UTC')
  const composed = await run('digest', 'compose', 'morning')
  expect(composed).toMatchObject([{ state: 'composed', stories: 2, recipients: READERS }])

  const sending = startSending(world, `${relay.url}?rate=${RATE}`)
  await hundredth
  await run('article', 'withdraw', 'story-false', '--reason', 'It was not so')
  const after = relay.seen.length
  expect(await sending.ended).toMatchObject({ code: 0, answer: { submitted: READERS, held: 0 } })
  expect(new Set(relay.received.map(({ to }) => to)).size).toBe(READERS)
  expect(relay.received.slice(0, AT).every(carries('false'))).toBe(true)
  const last = relay.received.findLastIndex(carries('false')) + 1
  expect(last).toBeLessThan(READERS / 2)
  expect(last).toBeLessThanOrEqual(after + 10) // what was on the wire
  expect(relay.received.every(carries('true'))).toBe(true)
  console.log(`withdrawn at letter ${AT} of ${READERS}: the last that carries it is number ${last}`)
})

function story(name: string): string {
  const published_at = new Date(Date.now() - 3_600_000).toISOString()
  const [title, url] = [`The ${name} story`, `https://news.example/${name}`]
  return JSON.stringify({
    guid: `story-${name}`,
    title,
    url,
    body_html: `<p>Text of ${name}.</p>`,
    language: 'en',
    published_at,
  })
}

/** Whether a letter has a story, in any of its parts. */
function carries(name: string): (letter: Received) => boolean {
  return ({ source }) =>
    source.split(/\r\n--nashra-[^\r]*\r\n/).some((part) =>
      Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4), 'base64')
        .toString()
        .includes(`The ${name} story`),
    )
}
