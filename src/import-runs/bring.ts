import { closeSync, openSync, writeSync } from 'node:fs'
import { instant } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import { say, sentence } from '../locale.ts'
import { Problem } from '../problem.ts'
import { rowWriter, type TableFile } from '../spreadsheets/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { dropBrought, filesOf, rejectsOf } from './files.ts'
import { choicesOf, type Progress, type Run } from './run.ts'

const EVERY = 500 // ms between two notes of how far it is
const ROOM = 64 * 1024 // letters of refused rows that wait to be written

type Bringing = { run: number; actor: Actor; everywhere: boolean }

/** Tries or imports a run that was begun, notes how far it is, and stops when the run's state says so. */
export async function bring(app: App, { run: id, actor, everywhere }: Bringing): Promise<void> {
  const run = await app.db.selectFrom('import_run').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  const { slug } = await app.db
    .selectFrom('list')
    .select('slug')
    .where('id', '=', run.list_id)
    .executeTakeFirstOrThrow()
  const end = new AbortController()
  const notes = openNotes(app, run, end)
  const rejects = openRejects(app, run)
  try {
    const choices = choicesOf(run)
    const files = notes.counting(await filesOf(app.config, run))
    const done = await subscribers.importFiles(app, actor, files, {
      ...{ ...choices, list: slug, dryRun: run.state === 'trying', atDesk: true, everywhere },
      ...{ onRefused: rejects.write, onProgress: notes.applying, signal: end.signal },
    })
    await ended(app, run, done)
  } catch (error) {
    await failed(app, run, error)
  } finally {
    notes.close()
    rejects.close()
  }
}

type Notes = {
  counting(files: TableFile[]): TableFile[]
  applying(done: number, total?: number): void
  close(): void
}

/** Writes down twice a second how far the work is; whoever wants it to stop has changed the state. */
function openNotes(app: App, run: Run, end: AbortController): Notes {
  const now = { part: 'reading', done: 0, total: 0 }
  let unread = 0
  let noted: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    noted = noted
      .then(() => note(app, run, now))
      .then(
        (goes) => goes || end.abort(),
        (error) => end.abort(error),
      )
  }, EVERY)
  return {
    counting(files) {
      unread = files.length
      now.total = files.reduce((sum, { size = 0 }) => sum + size, 0)
      return files.map((file) => ({ ...file, open: async () => counted(await file.open()) }))
    },
    applying(done, total = 0) {
      if (unread === 0) Object.assign(now, { part: 'applying', done, total })
    },
    close: () => clearInterval(timer),
  }
  async function* counted(bytes: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array | string> {
    for await (const chunk of bytes) {
      now.done += chunk.length
      yield chunk
    }
    unread--
  }
}

/** Whether it is to go on. */
async function note(app: App, run: Run, how: { part: string; done: number; total: number }): Promise<boolean> {
  const { numUpdatedRows } = await app.db
    .updateTable('import_run')
    .set({ ...how, touched_at: instant(app.now()) })
    .where('id', '=', run.id)
    .where('state', '=', run.state)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

async function ended(app: App, run: Run, { rejected: _, ...done }: subscribers.Imported): Promise<void> {
  const trial = run.state === 'trying'
  const state = done.refused ? 'refused' : done.stopped ? (trial ? 'ready' : 'stopped') : trial ? 'tried' : 'done'
  await settle(app, run, state, done)
  if (state === 'done') await dropBrought(app.config, run)
}

/** What a person can mend is said as the outcome; anything else is ours, and it may be begun again. */
async function failed(app: App, run: Run, error: unknown): Promise<void> {
  if (!(error instanceof Problem)) app.log.error('an import ended in a mistake of ours', { error })
  const { language } = choicesOf(run)
  const reason = error instanceof Problem ? sentence(language, error) : say(language, 'desk.imports-broken')
  await settle(app, run, 'refused', { ...NOTHING, reason })
}

const NOTHING: Progress = {
  ...{ import: null, refused: true, added: 0, updated: 0, unchanged: 0, skipped: 0, duplicates: 0 },
  because: { suppressed: 0, left: 0, pending: 0, erased: 0 },
  recorded: { left: 0, suppressed: 0 },
  ...{ rejectedInAll: 0, stopped: false, files: [] },
}

async function settle(app: App, run: Run, state: string, done: Progress): Promise<void> {
  await app.db
    .updateTable('import_run')
    .set({ state, outcome: JSON.stringify(done), touched_at: instant(app.now()) })
    .set({ ...(run.state === 'bringing' && done.import !== null && { import_id: done.import }) })
    .where('id', '=', run.id)
    .execute()
}

/** The rows that are not taken in, as a table of file, line, verdict, value and reason: of its owner alone, as it holds addresses. */
function openRejects(app: App, run: Run): { write(refused: subscribers.Refused): void; close(): void } {
  const line = rowWriter()
  const file = openSync(rejectsOf(app.config, run), 'w', 0o600)
  let waiting = line(['file', 'line', 'verdict', 'value', 'reason'])
  function flush(): void {
    writeSync(file, waiting)
    waiting = ''
  }
  return {
    write({ file: name, line: at, verdict, value, reason }) {
      waiting += line([name, String(at), verdict, value, reason])
      if (waiting.length > ROOM) flush()
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}
