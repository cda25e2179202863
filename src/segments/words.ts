import { languageName, type MessageKey, say, spoken } from '../locale.ts'
import type { Count, FieldTest, Rule, Span } from './rule.ts'

/** What a rule's names are called: of lists by slug, of fields by name. A list that is not there is not named. */
export type Titles = { lists: ReadonlyMap<string, string>; fields: ReadonlyMap<string, string> }

/** Whom a rule means, in one sentence: `Readers of “Morning” who joined before 01/01/2026 and who read in Arabic.` */
export function explain(asked: string, list: string, rule: Rule, titles: Titles): string {
  const language = spoken.includes(asked.split('-')[0]!) ? asked : 'en'
  const clauses = said(rule, { language, titles, yes: true }, true)
  return say(language, 'segment.sentence', { list, clauses })
}

type Manner = { language: string; titles: Titles; yes: boolean }

function said(rule: Rule, manner: Manner, outermost = false): string {
  if ('not' in rule) return said(rule.not, { ...manner, yes: !manner.yes }, outermost)
  if (!('and' in rule || 'or' in rule)) return clause(rule, manner)
  const rules = 'and' in rule ? rule.and : rule.or
  const all = rules.map((one) => said(one, manner, rules.length === 1 && outermost))
  if (all.length === 1) return all[0]!
  // Not (this and that) is: not this, or not that.
  const key = 'and' in rule === manner.yes ? ('segment.and' as const) : ('segment.or' as const)
  const joined = all.reduce((before, after) => say(manner.language, key, { before, after }))
  return outermost ? joined : `(${joined})`
}

type Leaf = Exclude<Rule, { and: Rule[] } | { or: Rule[] } | { not: Rule }>

function clause(rule: Leaf, { language, titles, yes }: Manner): string {
  const tell = (key: string, values: Record<string, string | number> = {}) =>
    say(language, `segment.${key}${yes ? '' : '-not'}` as MessageKey, values)
  if ('field' in rule) return ofField(rule.field, { language, titles, yes })
  if ('list' in rule) {
    const list = titles.lists.get(rule.list)
    return list === undefined ? tell('list-other') : tell('list', { list })
  }
  if ('domain' in rule) return tell('domain', { names: either(language, rule.domain) })
  if ('language' in rule)
    return tell('language', {
      names: either(
        language,
        rule.language.map((tag) => languageName(tag, language)),
      ),
    })
  if ('format' in rule) return tell('format', { format: rule.format })
  if ('zone' in rule) return tell('zone', { names: either(language, rule.zone) })
  if ('joined' in rule) return tell('joined', { span: spanOf(language, rule.joined) })
  if ('changed' in rule) return tell('changed', { span: spanOf(language, rule.changed) })
  if ('confirmed' in rule) return say(language, rule.confirmed === yes ? 'segment.confirmed' : 'segment.confirmed-not')
  return 'letters' in rule
    ? counted(language, 'letters', rule.letters, yes)
    : counted(language, 'bounces', rule.bounces, yes)
}

function ofField(test: FieldTest, { language, titles, yes }: Manner): string {
  const title = titles.fields.get(test.name) ?? test.name
  const tell = (key: string, values: Record<string, string> = {}) =>
    say(language, `segment.field-${key}${yes ? '' : '-not'}` as MessageKey, { title, ...values })
  if ('is' in test) return tell('is', { value: String(test.is) })
  if ('in' in test) return tell('is', { value: either(language, test.in.map(String)) })
  if ('begins' in test) return tell('begins', { value: test.begins })
  if ('contains' in test) return tell('contains', { value: test.contains })
  if ('empty' in test)
    return say(language, test.empty === yes ? 'segment.field-empty' : 'segment.field-full', { title })
  const { at_least: least, at_most: most } = test as { at_least?: number; at_most?: number }
  if (least === undefined && most === undefined) return tell('range', { range: spanOf(language, test as Span) })
  const range = limits(least, most)
  return tell('range', { range: say(language, `segment.range-${range.key}` as MessageKey, range.values) })
}

/** At least five is not: at most four. */
function counted(language: string, of: 'letters' | 'bounces', count: Count, yes: boolean): string {
  const { at_least: least, at_most: most, within } = count
  const span = within === undefined ? '' : ` ${spanOf(language, { within })}`
  const tell = (one: number | undefined, other: number | undefined) => {
    const { key, values } = limits(one, other)
    return say(language, `segment.${of}-${key}` as MessageKey, { ...values, span })
  }
  if (yes) return tell(least, most)
  const others = [
    ...(least !== undefined ? [tell(undefined, least - 1)] : []),
    ...(most !== undefined ? [tell(most + 1, undefined)] : []),
  ]
  const either = others.reduce((before, after) => say(language, 'segment.or', { before, after }))
  return others.length > 1 ? `(${either})` : either
}

function limits(least: number | undefined, most: number | undefined) {
  if (least !== undefined && most !== undefined) return { key: 'between', values: { least, most } }
  return least !== undefined ? { key: 'least', values: { n: least } } : { key: 'most', values: { n: most! } }
}

function spanOf(language: string, { after, before, within }: Span): string {
  if (within !== undefined) return say(language, 'segment.within', { n: Number.parseInt(within, 10) })
  if (after !== undefined && before !== undefined)
    return say(language, 'segment.between', { after: day(after), before: day(before) })
  return after !== undefined
    ? say(language, 'segment.after', { date: day(after) })
    : say(language, 'segment.before', { date: day(before!) })
}

/** `04/12/2025`; a moment as it was typed. */
function day(typed: string): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(typed)
  return match ? `${match[3]}/${match[2]}/${match[1]}` : typed
}

function either(language: string, names: string[]): string {
  return new Intl.ListFormat(language, { type: 'disjunction' }).format(names)
}
