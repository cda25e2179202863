import type { Selectable } from 'kysely'
import type { Instant } from '../db/instant.ts'
import type { ChangeTable, Db } from '../db/schema.ts'

/** One line of the trail as it was written: see src/changes.ts. */
export type Change = Selectable<ChangeTable>

/** Which lines: `verb` and `subject` are whole, or begin so when they end in `.` or `:`; `before` is the line that a page ends with. */
export type Sought = {
  actor?: string
  verb?: string
  subject?: string
  since?: Instant
  before?: number
  limit: number
}

const PAGE = 1000

/** The latest lines that are sought, newest first. */
export async function list(db: Db, sought: Sought): Promise<Change[]> {
  const { actor, verb, subject, since, before, limit } = sought
  return db
    .selectFrom('change')
    .selectAll()
    .$if(Boolean(actor), (query) => query.where('actor', '=', actor!))
    .$if(Boolean(verb), (query) => query.where(({ and, eb }) => and(beginning(eb, 'verb', verb!))))
    .$if(Boolean(subject), (query) => query.where(({ and, eb }) => and(beginning(eb, 'subject', subject!))))
    .$if(since !== undefined, (query) => query.where('at', '>=', since!))
    .$if(before !== undefined, (query) => query.where('id', '<', before!))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

/** `source.` stands for all that begin so: the letters after it are below `source/`. */
function beginning<T>(
  eb: (column: 'verb' | 'subject', operator: '=' | '>=' | '<', value: string) => T,
  column: 'verb' | 'subject',
  text: string,
): T[] {
  if (!/[.:]$/.test(text)) return [eb(column, '=', text)]
  const next = text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)
  return [eb(column, '>=', text), eb(column, '<', next)]
}

/** All lines that are sought, newest first, a thousand at a time: for a file. */
export async function* all(db: Db, sought: Omit<Sought, 'limit' | 'before'>): AsyncGenerator<Change> {
  let before: number | undefined
  for (;;) {
    const rows = await list(db, { ...sought, limit: PAGE, ...(before !== undefined && { before }) })
    yield* rows
    if (rows.length < PAGE) return
    before = rows.at(-1)!.id
  }
}

/** What somebody changed at a moment: as it was before, and as it was after; undefined if he did not. */
export async function made<Values>(
  db: Db,
  { actor, verb, subject, at }: { actor: string; verb: string; subject: string; at: Instant },
): Promise<{ before: Values; after: Values } | undefined> {
  if (!Number.isSafeInteger(at)) return undefined // as an address may hold it
  const row = await db
    .selectFrom('change')
    .select(['before', 'after'])
    .where('subject', '=', subject)
    .where('verb', '=', verb)
    .where('actor', '=', actor)
    .where('at', '=', at)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row?.before || !row.after) return undefined
  return { before: JSON.parse(row.before), after: JSON.parse(row.after) }
}

/** What has been done, each once, in the order of its letters; and by whom. */
export async function names(db: Db): Promise<{ verbs: string[]; actors: string[] }> {
  return { verbs: await distinct(db, 'verb'), actors: await distinct(db, 'actor') }
}

const MOST = 200 // names: more than any list to choose from should have

/** By jumping from name to name in their index: the trail may be long, its names are few. */
async function distinct(db: Db, column: 'verb' | 'actor'): Promise<string[]> {
  const found: string[] = []
  while (found.length < MOST) {
    const row = await db
      .selectFrom('change')
      .select(column)
      .$if(found.length > 0, (query) => query.where(column, '>', found.at(-1)!))
      .orderBy(column)
      .limit(1)
      .executeTakeFirst()
    if (!row) break
    found.push(row[column])
  }
  return found
}
