import { type RawBuilder, sql } from 'kysely'
import type { Kind } from './columns.ts'

/** What a field of a draft's form holds; null where it has none of this name. */
export function typedField(kind: Kind, name: string): RawBuilder<string | null> {
  return kind === 'sqlite'
    ? sql<string | null>`json_extract(article_draft.typed, ${`$."${name}"`})`
    : sql<string | null>`cast(article_draft.typed as json) ->> ${name}`
}
