import { createHash } from 'node:crypto'
import type { Insertable, Selectable } from 'kysely'
import type { ConsentTable, Db } from '../../db/schema.ts'

/** Evidence of one agreement or its end: who, when, from which network, by which form, in which words. */
export type Consent = Selectable<ConsentTable>

/** What a reader (or the newsroom, for an import) has done; `bounced` only by what a file says. */
export type Kind = 'asked' | 'bounced' | 'confirmed' | 'imported' | 'joined' | 'left'

export type Evidence = Omit<Insertable<ConsentTable>, 'id' | 'kind' | 'wording_version'> & { kind: Kind }

/** Keeps the evidence, in the transaction of what it is evidence for. */
export async function consent(db: Db, evidence: Evidence[]): Promise<void> {
  if (evidence.length === 0) return
  const versions = new Map(evidence.map(({ wording }) => [wording, version(wording)]))
  await db
    .insertInto('consent')
    .values(evidence.map((row) => ({ ...row, wording_version: versions.get(row.wording)! })))
    .execute()
}

/** Two wordings differ by as little as a comma and have different versions. */
export function version(wording: string): string {
  return createHash('sha256').update(wording).digest('hex').slice(0, 12)
}
