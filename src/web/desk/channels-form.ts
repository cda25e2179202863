import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as channels from '../../channels.ts'
import { type Counted, inUse, namesOf } from '../../facet-counts.ts'
import { isLanguage, languageName, languageTag, say } from '../../locale.ts'
import * as sources from '../../sources/index.ts'
import type { Html } from '../pages.ts'
import { choice, field } from './fields.ts'
import type { Visit } from './routes.ts'

const KINDS = ['section', 'tag', 'author', 'language', 'source'] as const
type Kind = (typeof KINDS)[number]

const SHOWN = 12 // to be ticked at once; what is rarer is typed, or found in the fold
const SEPARATORS = /[,،;؛\n]/

/** What a form about a channel holds; a Problem is left to the verb that takes it. */
export function read({ form }: Visit): channels.Changes & { filter: channels.Filter } {
  const words = (['section', 'tag', 'author', 'language'] as const).map(
    (kind) => [kind, [...form.getAll(kind), ...typed(form.get(`${kind}s`))]] as const,
  )
  return {
    title: form.get('title') ?? '',
    description: form.get('description') ?? '',
    size: Number(form.get('size') || Number.NaN),
    summary: form.get('text') === 'summary',
    filter: {
      ...Object.fromEntries(words.filter(([, names]) => names.length > 0)),
      ...(form.has('source') && { source: form.getAll('source').map(Number) }),
    },
  }
}

function typed(list: string | null): string[] {
  return (list ?? '')
    .split(SEPARATORS)
    .map((name) => name.trim())
    .filter(Boolean)
}

/** What a channel is called: the one of everything may be called as the paper is. */
export function nameOf(language: string, { title }: Pick<channels.Channel, 'title'>): string {
  return title || say(language, 'page.all-news')
}

/** The fields of a channel, but for its address: as they were typed, or else as they are. */
export async function channelFields(visit: Visit, now: channels.Draft): Promise<Html> {
  const { language, form } = visit
  const value = (name: 'title' | 'description') => form.get(name) ?? now[name] ?? ''
  const text = form.get('text') ?? (now.summary ? 'summary' : 'full')
  const naming = now.slug === 'all' ? ({ hint: 'desk.channels-title-all' } as const) : { required: true }
  return html`${field(language, { name: 'title', label: 'desk.channels-title', value: value('title'), max: 200, ...naming })}
${field(language, { name: 'description', label: 'desk.channels-description', hint: 'desk.channels-description-hint', value: value('description'), max: 500 })}
${field(language, { name: 'size', label: 'desk.channels-size', hint: 'desk.channels-size-hint', type: 'number', value: form.get('size') ?? now.size ?? 50, least: 1, most: 500, required: true })}
${choice(language, {
  ...{ name: 'text', label: 'desk.channels-carries', value: text },
  options: [
    ['full', say(language, 'desk.channels-full')],
    ['summary', say(language, 'desk.channels-summary')],
  ],
})}
${now.slug === 'all' ? html`<p class="small">${say(language, 'desk.channels-all')}</p>` : await filterFields(visit, now.filter)}`
}

async function filterFields(visit: Visit, now: channels.Filter): Promise<Html> {
  const { app, language, form } = visit
  const counts = await inUse(app.read, instant(app.now()))
  const chosen = form.has('t') ? read(visit).filter : now
  const pieces = []
  for (const kind of KINDS) pieces.push(await facet(visit, kind, counts[kind], (chosen[kind] ?? []).map(String)))
  return html`<fieldset class="filter"><legend>${say(language, 'desk.channels-filter')}</legend><p class="small">${say(language, 'desk.channels-filter-text')}</p>
${pieces}</fieldset>`
}

/** One kind of a filter: what is chosen and what is frequent to be ticked, what is rarer to be typed. */
async function facet(visit: Visit, kind: Kind, inUse: Counted[], chosen: string[]): Promise<Html> {
  const { language } = visit
  const keys = new Set(chosen.map((name) => keyOf(kind, name)))
  const known = kind === 'source' ? await withAllSources(visit, inUse) : inUse
  const strange = chosen.filter((name) => !known.some(({ key }) => key === keyOf(kind, name)))
  const all = [...known, ...(await named(visit, kind, [...new Set(strange)]))]
  const first = all.filter((one, nth) => nth < SHOWN || keys.has(keyOf(kind, one.key)))
  const rest = all.filter((one) => !first.includes(one))
  const box = (one: Counted) => ticked(kind, one, keys.has(keyOf(kind, one.key)), called(language, kind, one))
  return html`<fieldset class="ticks"><legend>${say(language, `desk.channels-${kind}`)}</legend>
${first.map(box)}${
  kind === 'source'
    ? rest.length > 0 &&
      html`<details><summary>${say(language, 'desk.channels-more', { n: rest.length })}</summary>${rest.map(box)}</details>`
    : others(language, kind, rest)
}</fieldset>`
}

/** As `channels.checkedFilter` compares it; what is no language is compared as it was typed, so that it can be mended. */
function keyOf(kind: Kind, name: string): string {
  if (kind === 'source') return name
  if (kind !== 'language') return channels.keyOf(name)
  return isLanguage(name.replaceAll('_', '-')) ? languageTag(name) : name
}

/** What is chosen although the newest stories do not have it. */
async function named({ app }: Visit, kind: Kind, names: string[]): Promise<Counted[]> {
  const known =
    kind === 'source' || kind === 'language'
      ? new Map<string, string>()
      : await namesOf(
          app.read,
          kind,
          names.map((name) => keyOf(kind, name)),
        )
  return names.map((key) => ({ key, name: known.get(keyOf(kind, key)) ?? (kind === 'source' ? `#${key}` : key), n: 0 }))
}

/** All sources by what they are called; those that have brought nothing lately may be chosen, too. */
async function withAllSources({ app, language }: Visit, inUse: Counted[]): Promise<Counted[]> {
  const all = [
    ['0', say(language, 'desk.channels-own')] as const,
    ...(await sources.all(app.read)).map(({ id, title, host }) => [String(id), title || host] as const),
  ]
  return all
    .map(([key, name]) => ({ key, name, n: inUse.find((one) => one.key === key)?.n ?? 0 }))
    .sort((one, other) => other.n - one.n)
}

function ticked(kind: Kind, { key, n }: Counted, checked: boolean, name: string): Html {
  return html`<label class="tick"><input type="checkbox" name="${kind}" value="${key}"${checked && html` checked`}> <bdi>${name}</bdi> <span class="count">${n}</span></label>
`
}

function called(language: string, kind: Kind, { key, name }: Counted): string {
  return kind === 'language' ? languageName(key, language) : name
}

/** Where the rarer ones are typed, and those that no story has yet. */
function others(language: string, kind: Exclude<Kind, 'source'>, rest: Counted[]): Html {
  const id = `${kind}s`
  return html`<p><label for="${id}">${say(language, `desk.channels-other-${kind}`)}</label><input id="${id}" name="${id}" type="text" dir="auto" maxlength="2000" list="${id}-known" aria-describedby="${id}-hint"><span class="small" id="${id}-hint">${say(language, 'desk.channels-other-hint')}</span>
<datalist id="${id}-known">${rest.map(({ name, key, n }) => html`<option value="${kind === 'language' ? key : name}" label="${name} (${n})"></option>`)}</datalist></p>`
}
