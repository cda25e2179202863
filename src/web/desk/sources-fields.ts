import { html } from 'hono/html'
import { type MessageKey, say } from '../../locale.ts'
import type * as sources from '../../sources/index.ts'
import type { Html } from '../pages.ts'
import { zones } from '../wish-fields.ts'
import { choice, field } from './fields.ts'
import type { Visit } from './routes.ts'

const LINES = ['title', 'language', 'section', 'credit', 'charset'] as const
const WORDS = {
  relation: ['partner', 'own'],
  intake: ['publish', 'hold'],
  body: ['full', 'link'],
  first: ['archive', 'news'],
  pictures: ['leave', 'keep'],
  date_order: ['auto', 'day', 'month'],
} as const

/** What a form about a source holds; a field that it does not have is not decided. */
export function read({ form }: Visit): sources.Settings {
  const lines = [...LINES, 'zone'].flatMap((name) => (form.has(name) ? [[name, form.get(name)!.trim()]] : []))
  const words = Object.entries(WORDS).flatMap(([name, known]) => {
    const word = known.find((one) => one === form.get(name))
    return word ? [[name, word]] : []
  })
  return Object.fromEntries([...lines, ...words])
}

/** The fields of all that is decided about a source: as they were typed, or else as they are. */
export function settingsFields(visit: Visit, now: Partial<sources.Source> = {}): Html {
  const { language, form } = visit
  const value = (name: keyof sources.Settings) => form.get(name) ?? now[name] ?? ''
  const line = (name: (typeof LINES)[number], hint: MessageKey, max: number) =>
    field(language, {
      name,
      label: `desk.sources-${name}`,
      hint,
      value: value(name),
      max,
      ...(name === 'language' || name === 'charset' ? { dir: 'ltr' } : {}),
    })
  const word = (name: keyof typeof WORDS, hint: MessageKey) =>
    choice(language, {
      ...{ name, label: `desk.sources-${name}`, hint, value: value(name) || WORDS[name][0] },
      options: WORDS[name].map((one) => [one, say(language, `desk.sources-${name}-${one}` as MessageKey)] as const),
    })
  const zone = value('zone')
  return html`${line('title', 'desk.sources-title-hint', 200)}
${word('relation', 'desk.sources-relation-hint')}
${word('intake', 'desk.sources-intake-hint')}
${word('body', 'desk.sources-body-hint')}
${word('first', 'desk.sources-first-hint')}
${word('pictures', 'desk.sources-pictures-hint')}
${line('section', 'desk.sources-section-hint', 300)}
${line('credit', 'desk.sources-credit-hint', 500)}
${line('language', 'desk.sources-language-hint', 40)}
${choice(language, { name: 'zone', label: 'desk.sources-zone', hint: 'desk.sources-zone-hint', value: zone, options: [['', say(language, 'desk.sources-zone-ours')], ...zones(language, zone)] })}
${word('date_order', 'desk.sources-date_order-hint')}
${line('charset', 'desk.sources-charset-hint', 40)}`
}
