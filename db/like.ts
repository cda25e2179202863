import { type Expression, type SqlBool, sql } from 'kysely'

/** Whether a text is like this: the parts stand between `any`, and what is special to `like` in them stands for itself. */
export function like(text: Expression<string | null>, ...parts: (string | typeof any)[]): Expression<SqlBool> {
  const pattern = parts.map((part) => (part === any ? '%' : part.replace(/[\\%_]/g, '\\$&'))).join('')
  return sql<SqlBool>`${text} like ${pattern} escape '\\'`
}

/** Whatever stands there. */
export const any: unique symbol = Symbol('any')
