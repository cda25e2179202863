import type { App } from '../../app.ts'
import { relaysOf } from '../../relay-settings.ts'
import * as site from '../../site.ts'

/** What has to be there before a first digest reaches anybody, in the order in which it is set up. */
export const STEPS = ['site', 'name', 'sender', 'relay', 'digest'] as const
export type Step = (typeof STEPS)[number]

/** Which of them are done. A paper that has no name of its own yet is called by the product's. */
export async function done(app: App): Promise<Set<Step>> {
  const { sender } = await site.show(app, app.read)
  const { name } = await app.read.selectFrom('site').select('name').executeTakeFirstOrThrow()
  const has = async (table: 'article' | 'source' | 'digest') =>
    (await app.read.selectFrom(table).select('id').where('id', '>', 0).limit(1).executeTakeFirst()) !== undefined
  const steps: [Step, boolean][] = [
    ['site', (await has('source')) || (await has('article'))],
    ['name', name !== '' || app.config.name !== undefined],
    ['sender', Boolean(sender) || app.config.from !== undefined],
    ['relay', relaysOf(app).length > 0],
    ['digest', await has('digest')],
  ]
  return new Set(steps.filter(([, is]) => is).map(([step]) => step))
}
