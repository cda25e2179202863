import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import type { Draft } from '../articles/index.ts'
import * as digests from '../digests/index.ts'
import { dateOf, draftOf, redated } from './draft.ts'
import { articlesOf, edited, publish } from './publishing.ts'
import type { Row, Waiting } from './rows.ts'
import * as rows from './rows.ts'
import type { Incoming, Reading } from './settle.ts'

type Known = Incoming & { row: Row }

/** What is known: one that its source had taken back returns; an edit revises its article, waits, or is only noted. */
export async function follow(
  app: App,
  db: Db,
  actor: Actor,
  reading: Reading,
  old: Known[],
): Promise<{ revised: number; held: number }> {
  const stories = await articlesOf(
    db,
    old.map((one) => one.row),
  )
  const revisions = new Map<number, Draft>()
  let held = 0
  let returned = 0
  for (const one of old) {
    const { row, hash } = one
    const article = row.article_id === null ? undefined : stories.get(row.article_id)
    const back = row.state === 'withdrawn'
    if (back) await digests.restoreIn(app, db, actor, article!)
    const state = back ? 'published' : row.state
    const same = row.hash === hash && !redated(row, one.item, reading.at)
    const fate = same ? 'same' : fateOf(state, reading)
    await rows.set(db, row, { ...noted(one, reading, fate), state })
    if (fate === 'revised') revisions.set(article!.id, edited(draft(one, reading), article!, row))
    if (fate === 'held') held++
    if (fate !== 'revised' && back) returned++
  }
  const { revised } = await publish(db, actor, reading, [...revisions.values()], false)
  return { revised: revised + returned, held }
}

type Fate = 'same' | 'noted' | 'held' | 'revised'

function fateOf(state: string, { source }: Reading): Fate {
  if (state === 'refused' || state === 'also') return 'noted'
  return state === 'held' || source.intake === 'hold' ? 'held' : 'revised'
}

/** What is remembered of an item that is there again. */
function noted(one: Known, reading: Reading, fate: Fate) {
  const { row, hash, item } = one
  const seen = { hash, seen_at: reading.at, missing_at: null }
  const dated = { dated_at: dateOf(item, reading.at) ?? row.dated_at }
  if (fate === 'revised') return { ...seen, ...dated, draft: null }
  if (fate !== 'held') return seen
  const archive = row.state === 'held' && (rows.waiting(row)?.archive ?? false)
  const waiting: Waiting = { draft: draft(one, reading), archive }
  return { ...seen, ...(row.state === 'held' && dated), draft: JSON.stringify(waiting) }
}

function draft({ item }: Known, { source, paper, at }: Reading): Draft {
  return draftOf(source, item, paper, at)
}
