import { type MessageKey, say } from '../locale.ts'
import { printable } from '../text.ts'
import type { Culprit } from './culprits.ts'
import type { Health } from './index.ts'
import type { Problem } from './problems.ts'

const REASONS: [RegExp, string][] = [
  [/^it has no title$/, 'title'],
  [/^its id is not/, 'id'],
  [/is not a date between/, 'date'],
  [/^Incorrect locale/, 'language'],
]

/** A channel's health in sentences for people, a line each; texts of articles are made safe for a terminal. */
export function sentences(language: string, health: Health): string[] {
  const { channel, valid, entries, size, readers, problems, leftOut } = health
  const state = say(language, valid ? 'health.valid' : 'health.invalid', { channel, entries, size, readers })
  return [state, ...problems.flatMap((problem) => told(language, problem, leftOut))]
}

function told(language: string, { code, level, articles, ...given }: Problem, leftOut: Culprit[]): string[] {
  const values = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, shown(language, name, value)]))
  const label = say(language, level === 'error' ? 'health.error' : 'health.warning')
  const named = code === 'left-out' ? leftOut : ((articles ?? []) as Culprit[])
  return [
    `  ${label} ${say(language, `health.${code}` as MessageKey, values)}`,
    ...named.map((one) => lost(language, one)),
  ]
}

function shown(language: string, name: string, value: unknown): string | number {
  if (typeof value === 'number') return value
  if (name === 'rule') return say(language, `health.rule-${value}` as MessageKey)
  return printable(Array.isArray(value) ? value.join(', ') : String(value))
}

function lost(language: string, { article, title, reason }: Culprit): string {
  const known = REASONS.find(([pattern]) => pattern.test(reason))?.[1]
  const why = known ? say(language, `health.reason-${known}` as MessageKey) : printable(reason)
  return `    ${say(language, 'health.article', { article, title: printable(title), reason: why })}`
}
