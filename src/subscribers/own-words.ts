import type { Selectable } from 'kysely'
import { instant } from '../../db/instant.ts'
import type { Db, ListLetterTable } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { languageTag } from '../locale.ts'
import { Problem } from '../problem.ts'
import { oneLine } from '../text.ts'
import { findList } from './lists.ts'

/** A list's welcome or goodbye: in its own words for a language, or in ours where `body` is empty. */
export type OwnWords = Selectable<ListLetterTable>

/** The letters that a list may send to a reader who comes or goes. */
const LETTER_KINDS = ['welcome', 'goodbye'] as const
export type LetterKind = (typeof LETTER_KINDS)[number]

/** What own words may leave open: the reader's name, the list's title, the paper's name. There is no other. */
const PLACES = ['name', 'list', 'paper']

const LONGEST = { subject: 200, body: 20_000 }

/**
 * Lets a list send this letter in this language: in the words of a text (its first line is the subject, blank lines divide
 * paragraphs), or in ours without one.
 */
export async function setLetter(
  app: App,
  actor: Actor,
  slug: string,
  letter: { kind: string; language: string; text?: string },
): Promise<OwnWords> {
  const kind = checkedKind(letter.kind)
  const words = { kind, language: languageTag(letter.language), ...checkedWords(letter.text) }
  return app.db.transaction().execute(async (db) => {
    const list = await findList(db, slug)
    const row = { ...words, list_id: list.id }
    await db
      .insertInto('list_letter')
      .values(row)
      .onConflict((conflict) =>
        conflict.columns(['list_id', 'kind', 'language']).doUpdateSet({ subject: row.subject, body: row.body }),
      )
      .execute()
    await record(db, actor, instant(app.now()), [{ verb: 'list.letter', subject: `list:${slug}`, after: words }])
    return row
  })
}

/** The list does not send this letter in this language any more; in none when no language is given. Answers how many there were. */
export async function removeLetter(
  app: App,
  actor: Actor,
  slug: string,
  letter: { kind: string; language?: string },
): Promise<number> {
  const kind = checkedKind(letter.kind)
  return app.db.transaction().execute(async (db) => {
    const list = await findList(db, slug)
    const gone = await db
      .deleteFrom('list_letter')
      .where('list_id', '=', list.id)
      .where('kind', '=', kind)
      .$if(letter.language !== undefined, (query) => query.where('language', '=', languageTag(letter.language!)))
      .returningAll()
      .execute()
    if (gone.length > 0)
      await record(db, actor, instant(app.now()), [{ verb: 'list.letter', subject: `list:${slug}`, before: gone }])
    return gone.length
  })
}

/** All letters of a list. */
export async function lettersOf(db: Db, listId: number): Promise<OwnWords[]> {
  return db
    .selectFrom('list_letter')
    .selectAll()
    .where('list_id', '=', listId)
    .orderBy('kind')
    .orderBy('language')
    .execute()
}

/** Whether a list sends this letter at all. */
export async function hasLetter(db: Db, listId: number, kind: LetterKind): Promise<boolean> {
  const row = await db
    .selectFrom('list_letter')
    .select('kind')
    .where('list_id', '=', listId)
    .where('kind', '=', kind)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

function checkedKind(text: string): LetterKind {
  const kind = LETTER_KINDS.find((one) => one === text)
  if (!kind) throw new Problem('bad-letter-kind', { value: oneLine(text).slice(0, 60) })
  return kind
}

function checkedWords(text: string | undefined): { subject: string; body: string } {
  if (text === undefined) return { subject: '', body: '' }
  const [first = '', ...rest] = text
    .replace(/^\ufeff/, '')
    .trim()
    .split(/\r?\n/)
  const subject = oneLine(first)
  const body = paragraphs(rest.join('\n')).join('\n\n')
  if (!subject || !body) throw new Problem('letter-empty')
  for (const [name, value] of Object.entries({ subject, body })) {
    const most = LONGEST[name as keyof typeof LONGEST]
    if (value.length > most) throw new Problem('text-too-long', { name, most })
  }
  const unknown = [...text.matchAll(/\{\{([^{}]*)\}\}?|\{\{/g)].find(([whole, name]) => !isPlace(whole, name))
  if (unknown) throw new Problem('unknown-place', { value: oneLine(unknown[0]).slice(0, 60), known: known() })
  return { subject, body }
}

function isPlace(whole: string, name: string | undefined): boolean {
  return whole.endsWith('}}') && PLACES.includes((name ?? '').trim())
}

function known(): string {
  return PLACES.map((name) => `{{${name}}}`).join(' ')
}

function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => oneLine(paragraph))
    .filter(Boolean)
}
