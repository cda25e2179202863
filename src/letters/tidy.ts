import { oneLine } from '../text.ts'

/** A value and all that is in it, every text one clean line: no control character (a slot's mark is one), no override. */
export function tidy<T>(value: T): T {
  if (typeof value === 'string') return oneLine(value).replace(/\p{Cc}+/gu, ' ') as T
  if (Array.isArray(value)) return value.map(tidy) as T
  if (value instanceof Object && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, tidy(inner)])) as T
  return value
}
