import { instant } from '../../../db/instant.ts'
import * as articles from '../../articles/index.ts'
import * as segments from '../../segments/index.ts'
import { fold, searchWords } from '../../text.ts'
import type * as trail from '../../trail.ts'
import type { Visit } from './routes.ts'
import { actorsIn, did } from './trail-words.ts'

const MOST = 40 // things that a word may stand for
const KINDS = ['article', 'channel', 'source', 'list', 'segment', 'digest', 'edition', 'account', 'subscriber', 'subscription', 'import', 'suppression', 'domain', 'hook', 'field'] // biome-ignore format: one list

/** Who, what was done or what about a text stands for: lines of the trail that any of it goes for are found by it. */
export async function meant(
  visit: Visit,
  text: string,
  { verbs, actors }: { verbs: string[]; actors: string[] },
): Promise<NonNullable<trail.Sought['any']>> {
  const { language } = visit
  const words = searchWords(text)
  const has = (...names: string[]) =>
    words.length > 0 && names.some((name) => words.every((word) => fold(name).includes(word)))
  const called = await actorsIn(visit, actors)
  const by = actors.filter((actor) => actor === text || has(called.get(actor) ?? actor))
  return {
    actors: by,
    verbs: verbs.filter((verb) => has(verb, did(language, verb))),
    subjects: [...new Set([...spelled(text), ...(await named(visit, text, has))])].slice(0, MOST + KINDS.length),
  }
}

/** As the trail calls it: `channel:sport`, or the last part of that. */
function spelled(text: string): string[] {
  if (/\s/.test(text)) return []
  return text.includes(':') || ['site', 'home', 'keys'].includes(text) ? [text] : KINDS.map((kind) => `${kind}:${text}`)
}

/** What has this in its name. */
async function named(visit: Visit, text: string, has: (...names: string[]) => boolean): Promise<string[]> {
  const { app } = visit
  const db = app.read
  const few = await Promise.all([
    db.selectFrom('channel').select(['slug', 'title']).execute(),
    db.selectFrom('list').select(['slug', 'title']).execute(),
    db.selectFrom('digest').select(['slug', 'title']).execute(),
    segments.all(db),
    db.selectFrom('source').select(['id as slug', 'title']).where('id', '>', 0).execute(),
    db.selectFrom('account').select(['public_id as slug', 'name as title']).execute(),
  ])
  const kinds = ['channel', 'list', 'digest', 'segment', 'source', 'account']
  const things = few.flatMap((rows, nth) =>
    rows.filter(({ title }) => has(title)).map(({ slug }) => `${kinds[nth]}:${slug}`),
  )
  const { stories } = await articles.search(db, text, { now: instant(app.now()), most: MOST, limit: MOST })
  return [...things.slice(0, MOST), ...stories.map(({ public_id }) => `article:${public_id}`)].slice(0, MOST)
}
