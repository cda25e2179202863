import type { Selectable } from 'kysely'
import type { Instant } from '../../db/instant.ts'
import type { Db, ImportTable } from '../../db/schema.ts'
import type { Candidate } from './admitting.ts'
import { lastYes } from './known.ts'

/*
 * What files say of readers who are gone. Each import that says so is evidence of its own, also where another has said it
 * before: a no stands until the last of them is undone.
 */

/** That somebody left a list, or that a mailbox is dead: the kinds of evidence. */
export type No = 'left' | 'bounced'

/** A file's own print (see `gather`): a file that is read again says nothing new. */
type Prints = Map<number, string[]>

/** Those of whom the files of this run say no for the first time; `prints` are the files'. */
export async function unheardOf(
  db: Db,
  list: { id: number },
  people: Candidate[],
  prints: string[],
): Promise<Candidate[]> {
  if (people.length === 0) return []
  const said = await evidence(db, list.id, people.map(({ hash }) => hash)) // biome-ignore format: one line
  const known = await standingImports(db, said)
  return people.filter(({ hash, fate, gone = [] }) => {
    const heard = said.flatMap((one) => (one.hash === hash && one.kind === fate ? (known.get(one.by) ?? []) : []))
    return !gone.every((file) => heard.includes(prints[file]!))
  })
}

/** Which import still says no of these addresses, another than this one; where several do, the first. */
export async function heirs(
  db: Db,
  kind: No,
  hashes: string[],
  of: { list_id: number; row?: Selectable<ImportTable> },
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  if (hashes.length === 0) return found
  const said = (await evidence(db, of.list_id, hashes)).filter((one) => one.kind === kind)
  const known = await standingImports(db, said)
  const yes = kind === 'left' ? await lastYes(db, of.list_id, hashes) : new Map<string, Instant>()
  const again = of.row ? await repetition(db, of.row, kind) : undefined
  for (const { hash, by, at } of said.toSorted((one, other) => one.by - other.by)) {
    if (at <= (yes.get(hash) ?? 0)) continue // the reader's own word came after it
    const heir = by === of.row?.id ? again : known.has(by) ? by : undefined
    if (heir !== undefined && !found.has(hash)) found.set(hash, heir)
  }
  return found
}

/** The prints of the files of an import. */
function printsOf({ files }: Pick<ImportTable, 'files'>): string[] {
  return (JSON.parse(files) as { print?: string }[]).flatMap(({ print }) => print ?? [])
}

type Said = { hash: string; kind: string; at: Instant; by: number }

/** A mailbox is dead for every list. */
async function evidence(db: Db, list: number, hashes: string[]): Promise<Said[]> {
  const rows = await db
    .selectFrom('consent')
    .select(['address_hash as hash', 'kind', 'at', 'form'])
    .where('address_hash', 'in', [...new Set(hashes)])
    .where('form', 'like', 'import %')
    .where(({ or, and, eb }) =>
      or([eb('kind', '=', 'bounced'), and([eb('kind', '=', 'left'), eb('list_id', '=', list)])]),
    )
    .execute()
  return rows.map(({ form, ...row }) => ({ ...row, by: Number(form.slice('import '.length)) }))
}

async function standingImports(db: Db, said: Said[]): Promise<Prints> {
  const rows = await db
    .selectFrom('import')
    .select(['id', 'files'])
    .where('id', 'in', [...new Set(said.map(({ by }) => by))])
    .where('state', 'not in', ['undoing', 'undone'])
    .execute()
  return new Map(rows.map((row) => [row.id, printsOf(row)]))
}

/** A later import of a file of this one: what was said here was not said there again. */
async function repetition(db: Db, row: Selectable<ImportTable>, kind: No): Promise<number | undefined> {
  const prints = printsOf(row)
  const later = await db
    .selectFrom('import')
    .select(['id', 'files'])
    .where('id', '>', row.id)
    .where('state', 'not in', ['undoing', 'undone'])
    .$if(kind === 'left', (query) => query.where('list_id', '=', row.list_id))
    .orderBy('id')
    .execute()
  return later.find((one) => printsOf(one).some((print) => prints.includes(print)))?.id
}
