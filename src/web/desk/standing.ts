import { html } from 'hono/html'
import type { App } from '../../app.ts'
import { say } from '../../locale.ts'
import { relaysOf } from '../../relay-settings.ts'
import * as site from '../../site.ts'
import type { Html } from '../pages.ts'

/** What has to be set before a first digest reaches anybody, in the order in which it is set up. */
export const STEPS = ['site', 'name', 'sender', 'relay', 'digest'] as const
export type Step = (typeof STEPS)[number]

/** What may be missing: a step, or somebody who reads. */
const NEEDED = [...STEPS, 'readers'] as const
export type Needed = (typeof NEEDED)[number]

/** Which of them are there. A paper that has no name of its own yet is called by the product's. */
export async function done(app: App): Promise<Set<Needed>> {
  const { sender } = await site.show(app, app.read)
  const { name } = await app.read.selectFrom('site').select('name').executeTakeFirstOrThrow()
  const has = async (table: 'article' | 'source' | 'digest') =>
    (await app.read.selectFrom(table).select('id').where('id', '>', 0).limit(1).executeTakeFirst()) !== undefined
  const reader = app.read.selectFrom('subscription').select('id').where('state', '=', 'active').limit(1)
  const steps: [Needed, boolean][] = [
    ['site', (await has('source')) || (await has('article'))],
    ['name', name !== '' || app.config.name !== undefined],
    ['sender', Boolean(sender) || app.config.from !== undefined],
    ['relay', relaysOf(app).length > 0],
    ['digest', await has('digest')],
    ['readers', (await reader.executeTakeFirst()) !== undefined],
  ]
  return new Set(steps.filter(([, is]) => is).map(([step]) => step))
}

/** What is not there, said, and for who may mend it led to where that is done; undefined where nothing is missing. */
export function missing(language: string, made: Set<Needed>, mend: boolean): Html | undefined {
  const open = NEEDED.filter((one) => !made.has(one))
  if (open.length === 0) return undefined
  const named = open.map((one) => [one === 'readers' ? 'end' : one, say(language, `desk.lacks-${one}`)] as const)
  return html`<ul class="plain">${named.map(
    ([step, words]) =>
      html`<li>${mend ? html`<a class="go" href="/admin/start?step=${step}">${words}</a>` : words}</li>`,
  )}</ul>`
}
