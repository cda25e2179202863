import { decoded } from '../../db/addresses.ts'
import type { Db } from '../../db/schema.ts'
import { dashed } from '../links.ts'
import { fold } from '../text.ts'
import type { Gathered } from './addresses.ts'

/** A category, a tag or an author as the old site's addresses spelled it (`slug`), and what people call it. */
export type FormerName = { by: Gathered['by']; slug: string; name: string }

const LONGEST = 400 // letters
const ROWS = 500 // in a statement

/** What must be remembered of a slug to find its stories: undefined if it is only the name as addresses spell it. */
export function formerName(by: Gathered['by'], slug: string, name: string): FormerName | undefined {
  const spelled = slugOf(slug)
  const telling = spelled && name && spelled.length <= LONGEST && !/\p{Cc}/u.test(spelled + name)
  return telling && dashed(fold(spelled)) !== dashed(fold(name)) ? { by, slug: spelled, name } : undefined
}

/** Remembers them, each once, whatever they were called before. */
export async function remember(db: Db, names: FormerName[]): Promise<void> {
  const all = [...new Map(names.map((one) => [`${one.by}/${one.slug}`, one])).values()]
  const sorted = all.sort((a, b) => (`${a.by}/${a.slug}` < `${b.by}/${b.slug}` ? -1 : 1)) // one order for all who do this
  for (let start = 0; start < sorted.length; start += ROWS)
    await db
      .insertInto('former_name')
      .values(sorted.slice(start, start + ROWS))
      .onConflict((conflict) =>
        conflict.columns(['by', 'slug']).doUpdateSet(({ ref }) => ({ name: ref('excluded.name') })),
      )
      .execute()
}

/** What stood under this slug. */
export async function nameOf(db: Db, { by, name }: Gathered): Promise<string | undefined> {
  const slug = slugOf(name)
  if (slug.length > LONGEST || /\p{Cc}/u.test(slug)) return undefined
  const row = await db
    .selectFrom('former_name')
    .select('name')
    .where('by', '=', by)
    .where('slug', '=', slug)
    .executeTakeFirst()
  return row?.name
}

function slugOf(text: string): string {
  return decoded(text).trim().toLowerCase().toWellFormed()
}
