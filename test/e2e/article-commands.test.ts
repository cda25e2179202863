import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startProgram } from '../program.ts'
import { databases, openWorld } from '../world.ts'

const DAY = 86_400_000

describe.each(databases.filter((kind) => kind !== 'pglite'))('nashra article on %s', (kind) => {
  test('has what the desk has: a story is pinned and unpinned, withdrawn and given back, by its guid or its id', {
    timeout: 240_000,
  }, async () => {
    await using world = await openWorld(kind, new Date().toISOString())
    const run = async (...args: string[]) => {
      const { code, answer } = await startProgram(world, ['article', ...args]).ended
      return { code, answer: answer as Record<string, string | boolean | null> }
    }
    const stories = ['one', 'two'].map((guid) => JSON.stringify({ guid, title: `Story ${guid}`, language: 'en' }))
    writeFileSync(join(world.config.data, 'stories.jsonl'), stories.join('\n'))
    await run('import', join(world.config.data, 'stories.jsonl'))
    const pinned = await run('pin', 'one')
    expect(pinned).toMatchObject({ code: 0, answer: { title: 'Story one' } })
    expect(Math.abs(Date.parse(String(pinned.answer['until'])) - Date.now() - DAY)).toBeLessThan(60_000)
    const id = String(pinned.answer['id'])
    expect((await run('pin', id, '--until', '2099-01-01T08:00:00+03:00')).answer).toMatchObject({
      until: '2099-01-01T05:00:00Z',
    })
    expect((await run('pin', id, '--until', '2001-01-01T00:00:00Z')).code).toBe(1)
    expect((await run('unpin')).answer).toEqual({ id, title: 'Story one' })
    expect((await run('unpin')).answer).toEqual({ id: null, title: null })
    await run('withdraw', 'one', '--reason', 'It was not so')
    expect((await run('pin', 'one')).code).toBe(1)
    expect((await run('restore', id)).answer).toMatchObject({ guid: 'one', restored: true })
    expect((await run('restore', 'one')).answer).toMatchObject({ restored: false })
    const trail = await world.db.selectFrom('change').select(['verb', 'actor']).orderBy('id').execute()
    expect(trail.filter(({ verb }) => /pin|restore|withdraw/.test(verb)).map(({ verb }) => verb)).toEqual([
      'article.pin',
      'article.pin',
      'article.unpin',
      'article.withdraw',
      'article.restore',
    ])
  })
})
