import { instant, later } from '../../../db/instant.ts'
import * as articles from '../../articles/index.ts'
import * as digests from '../../digests/index.ts'
import { Problem } from '../../problem.ts'
import { actorOf, type Visit } from './routes.ts'

/** A deed with the articles that were chosen: refused with a Problem, or what is to be done, all of it or nothing. */
type Deed = (visit: Visit, chosen: articles.Story[], words: string) => Promise<() => Promise<void>>

const A_DAY = 86_400_000

/** What may be done with several articles at once; `words` are a reason, or a section's name. */
export const DEEDS = { withdraw, section, restore, pin, unpin } satisfies Record<string, Deed>
export type DeedName = keyof typeof DEEDS

async function withdraw(visit: Visit, chosen: articles.Story[], reason: string) {
  const { app } = visit
  const actor = actorOf(visit)
  if (!reason) throw new Problem('withdrawal-reason')
  if (chosen.every(({ withdrawn_at }) => withdrawn_at !== null)) throw new Problem('nothing-to-do')
  return async () => {
    await app.db.transaction().execute(async (db) => {
      for (const { public_id } of chosen) await digests.withdrawIn(app, db, actor, public_id, reason)
    })
    await digests.reviseHeld(app, actor)
  }
}

async function section(visit: Visit, chosen: articles.Story[], section: string) {
  const { app } = visit
  if (!section) throw new Problem('section-empty')
  const at = instant(app.now())
  return () =>
    app.db.transaction().execute(async (db) => {
      for (const { public_id } of chosen) {
        const { section: _, ...said } = await articles.standing(db, public_id)
        await articles.edit(db, actorOf(visit), public_id, { ...said, section }, { at })
      }
    })
}

async function restore(visit: Visit, chosen: articles.Story[]) {
  const { app } = visit
  const actor = actorOf(visit)
  const withdrawn = chosen.filter(({ withdrawn_at }) => withdrawn_at !== null)
  if (withdrawn.length === 0) throw new Problem('nothing-to-do')
  return async () => {
    await app.db.transaction().execute(async (db) => {
      for (const article of withdrawn) await digests.restoreIn(app, db, actor, article)
    })
    await digests.reviseHeld(app, actor)
  }
}

/** One leads, for a day; another hour is said on its own page. */
async function pin(visit: Visit, [article, ...others]: articles.Story[]) {
  const { app } = visit
  if (others.length > 0) throw new Problem('pin-one')
  const at = instant(app.now())
  return () =>
    app.db.transaction().execute((db) => articles.pin(db, actorOf(visit), article!.public_id, later(at, A_DAY), at))
}

async function unpin(visit: Visit, chosen: articles.Story[]) {
  const { app } = visit
  const at = instant(app.now())
  const pinned = await articles.pinned(app.db, at)
  if (!chosen.some(({ id }) => id === pinned?.article_id)) throw new Problem('nothing-to-do')
  return () =>
    app.db.transaction().execute(async (db) => {
      const now = await articles.pinned(db, at)
      if (now?.article_id === pinned?.article_id) await articles.unpin(db, actorOf(visit), at)
    })
}
