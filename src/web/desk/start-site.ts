import { instant } from '../../../db/instant.ts'
import * as articles from '../../articles/index.ts'
import { Problem } from '../../problem.ts'
import * as sources from '../../sources/index.ts'
import { escaped } from '../../text.ts'
import { keyIn } from './articles-typed.ts'
import { actorOf, type Visit } from './routes.ts'

const PATIENCE = 40_000 // ms for looking for a site's stories and reading them: before the server would end the request
const OWN: sources.Settings = { relation: 'own', first: 'news', pictures: 'keep' }

/**
 * Connects the newsroom's own site and reads it once, so that its stories are there when the next step is shown. An address
 * that nothing can be read from is not kept: a Problem says why.
 */
export async function connect(visit: Visit): Promise<void> {
  const { app, c, form } = visit
  const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(PATIENCE)])
  const url = await readable(visit, (form.get('url') ?? '').trim(), signal)
  const source = await sources.add(app, actorOf(visit), url, OWN, signal)
  await sources.poll(app, actorOf(visit), source, signal)
}

/** The address at which it can be read: one typed without its scheme is tried by https, and where nobody answers by http. */
async function readable({ app }: Visit, typed: string, signal: AbortSignal): Promise<string> {
  const [first, second] = /^[a-z]+:\/\//i.test(typed) ? [typed] : [`https://${typed}`, `http://${typed}`]
  try {
    await sources.tryRead(app, first!, OWN, signal)
    return first!
  } catch (problem) {
    if (second === undefined || !(problem instanceof Problem) || problem.code !== 'fetch-failed') throw problem
    await sources.tryRead(app, second, OWN, signal)
    return second
  }
}

/** Publishes a first story of whoever has no site, once for each sheet: paragraphs are divided by empty lines. */
export async function writeStory(visit: Visit): Promise<void> {
  const { app, form, language } = visit
  const text = form.get('text') ?? ''
  const paragraphs = text
    .replace(/\r\n?/g, '\n')
    .split(/\n\s*\n/)
    .filter((one) => one.trim())
  const body = paragraphs.map((one) => `<p>${escaped(one.trim()).replaceAll('\n', '<br>')}</p>`).join('\n')
  const none = { summary: '', section: '', tags: '', authors: '', credit: '', url: '' }
  const fields = { ...none, title: form.get('headline') ?? '', body, language }
  const said = articles.saidIn(fields, app.config.url)
  const at = instant(app.now())
  await app.db
    .transaction()
    .execute((db) => articles.write(db, actorOf(visit), { ...said, published_at: at }, at, keyIn(form)))
}
