import { setImmediate } from 'node:timers/promises'
import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import * as articles from '../articles/index.ts'
import * as site from '../site.ts'
import * as formerNames from './former-names.ts'
import { readPost } from './wxr-post.ts'
import { pieces, Unreadable } from './wxr-reader.ts'
import type { Survey } from './wxr-survey.ts'
import { textOf } from './wxr-text.ts'

export { type Survey, survey } from './wxr-survey.ts'
export { HEAD, type Kind, kindOf } from './wxr-text.ts'

/**
 * What became of an export. `leftOut` counts by kind what was not meant for the public (draft, private, trash, pending,
 * future, password) or is no story (page, comment, …); `picturesMissing` the stories whose lead picture is not in the export.
 */
export type Imported = articles.Imported & { leftOut: Record<string, number>; picturesMissing: number }

type Options = { dryRun?: boolean; onEntry?: (n: number) => void; signal?: AbortSignal }

const KINDS = 100 // of what is left out, by name
const CUT = 'the file ends before its end: it was cut on its way; export it again and import all of it'
const BEYOND = 'something comes after its end and was not read: give each export as a file of its own'

/**
 * Publishes the posts of an export (WXR 1.0 to 1.2) as they come, with what the survey of it knows: memory holds one batch,
 * whatever the file.
 *
 * A post that cannot be used is named by its line and the rest go in; a second import of the same changes nothing. Told to
 * stop, it ends with what it has read so far. A dry run answers the same and changes nothing.
 */
export async function importPosts(
  app: App,
  actor: Actor,
  bytes: AsyncIterable<Uint8Array>,
  survey: Survey,
  { dryRun, onEntry, signal }: Options = {},
): Promise<Imported> {
  const paper = await site.show(app, app.db)
  const done: Imported = { ...articles.nothingYet(), leftOut: {}, picturesMissing: 0 }
  const leftOut = new Map<string, number>()
  const addresses = new Map<string, string[]>()
  const names: formerNames.FormerName[] = []
  const batches = articles.inBatches(done, dryRun ? articles.foreseeing(app.db) : publish)
  let entries = 0

  async function publish(drafts: articles.Draft[]): Promise<articles.Published> {
    const moved = drafts.map(({ guid }) => ({ guid, addresses: addresses.get(guid) ?? [] }))
    addresses.clear()
    return app.db.transaction().execute(async (db) => {
      const sum = await articles.publishIn(db, actor, drafts, instant(app.now()))
      await articles.alsoStoodAt(db, moved)
      await formerNames.remember(db, names.splice(0))
      return sum
    })
  }
  function leave(kind: string, n = 1): void {
    const name = leftOut.has(kind) || leftOut.size < KINDS ? kind : 'other'
    leftOut.set(name, (leftOut.get(name) ?? 0) + n)
  }

  try {
    for await (const piece of pieces(textOf(bytes))) {
      if (signal?.aborted) break // what it says last may be half of what was meant
      if (piece.kind === 'end') {
        if (!piece.whole) articles.refuse(done, piece.line, CUT)
        else if (piece.beyond) articles.refuse(done, piece.line, BEYOND)
      }
      if (piece.kind !== 'entry') continue
      onEntry?.(++entries)
      if (piece.comments > 0) leave('comment', piece.comments)
      const post = readPost(piece, survey)
      if ('leftOut' in post) {
        if (post.leftOut !== 'attachment') leave(post.leftOut)
        continue
      }
      const read = 'reason' in post ? post : articles.readRow(post.row, paper)
      if ('reason' in read) {
        articles.refuse(done, piece.line, read.reason)
        continue
      }
      if ('missing' in post) done.picturesMissing++
      await batches.take(read.draft, read.draft.body_html.length)
      if ('addresses' in post && !dryRun) {
        addresses.set(read.draft.guid, post.addresses)
        names.push(...post.names)
      }
      if (entries % 100 === 0) await setImmediate() // signals are heard between turns of the loop
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    articles.refuse(done, error.line, `nothing after it was read: ${error.message}`)
  }
  await batches.flush()
  return { ...done, leftOut: Object.fromEntries(leftOut) }
}
