import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as changes from '../src/changes.ts'
import * as trail from '../src/trail.ts'
import { colleague, openDesk } from './desk.ts'
import { databases, openWorld } from './world.ts'

describe.each(databases)('the trail on %s', (kind) => {
  test('is found by who, by what and by what about, newest first, page after page', async () => {
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z')
    const at = instant(world.now())
    for (const actor of ['cli', 'job'])
      for (const verb of ['list.add', 'list.set', 'lists.odd', 'site.set'])
        await changes.record(world.db, actor, at, [
          { verb, subject: 'list:one', after: { n: 1 } },
          { verb, subject: 'list:other' },
        ])
    const found = async (sought: Omit<trail.Sought, 'limit'>, limit = 100) =>
      (await trail.list(world.db, { ...sought, limit })).map(
        ({ actor, verb, subject }) => `${actor} ${verb} ${subject}`,
      )
    expect(await found({ verbs: ['list.set'] })).toEqual([
      'job list.set list:other',
      'job list.set list:one',
      'cli list.set list:other',
      'cli list.set list:one',
    ])
    expect(await found({ actor: 'job', subject: 'list:one', verbs: ['site.set'] })).toEqual(['job site.set list:one'])
    const some = { any: { actors: ['job'], verbs: ['site.set'], subjects: ['list:one'] } }
    const all = await trail.list(world.db, { ...some, limit: 100 })
    const first = await trail.list(world.db, { ...some, limit: 5 })
    const rest = await trail.list(world.db, { ...some, limit: 100, before: first.at(-1)!.id })
    expect([...first, ...rest]).toEqual(all)
    expect(all).toHaveLength(8 + 3 + 2)
    expect(await found({ ...some, actor: 'cli', verbs: ['site.set', 'list.add'] })).toEqual([
      'cli site.set list:other',
      'cli site.set list:one',
      'cli list.add list:one',
    ])
    expect(await found({ any: { actors: [], verbs: [], subjects: [] } })).toEqual([])
    expect(await trail.names(world.db)).toEqual({
      verbs: expect.arrayContaining(['list.add', 'list.set', 'lists.odd', 'site.set']),
      actors: expect.arrayContaining(['cli', 'job']),
    })
  })

  test('is shown to owners alone, and given as a file whose cells are no formulas', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const at = instant(desk.world.now())
    await changes.record(desk.world.db, 'cli', at, [
      { verb: 'site.set', subject: '=cmd()', after: { title: '<b>x</b>' } },
    ])
    const page = await (await owner.get('/admin/settings/trail?verb=site.set')).text()
    expect(page).toContain('&lt;b&gt;x&lt;/b&gt;')
    expect(page).not.toContain('account.add</bdi></td>')
    const file = await owner.get('/admin/settings/trail.csv?verb=site.set')
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="trail-2026-12-01.csv"')
    const lines = (await file.text()).trim().split('\r\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain("'=cmd()")
    for (const role of ['editor', 'reader'] as const)
      expect((await (await colleague(desk, role)).get('/admin/settings/trail.csv')).status).toBe(403)
  })
})
