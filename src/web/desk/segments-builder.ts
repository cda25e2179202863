import { html } from 'hono/html'
import { say } from '../../locale.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { choice, field } from './fields.ts'
import { tongues } from './lists-one.ts'
import type { Visit } from './routes.ts'

const LANGUAGE = 'ar'

/** Fields for simple rules: what is filled in must all be true, or one of it. Whatever else a rule can say is written as JSON. */
export async function builder(visit: Visit): Promise<Html> {
  const { app, language, form } = visit
  const any = ['', say(language, 'desk.readers-any')] as const
  const typed = (name: string) => form.get(name)
  const declared = await subscribers.fields(app.read)
  return html`<fieldset><legend>${say(language, 'desk.segments-simple')}</legend><div class="beside">
${choice(language, {
  name: 'all',
  label: 'desk.segments-all',
  value: typed('all'),
  options: [
    ['and', say(language, 'desk.segments-and')],
    ['or', say(language, 'desk.segments-or')],
  ],
})}
${choice(language, { name: 'b-language', label: 'desk.readers-language', value: typed('b-language'), options: [any, ...tongues(language, LANGUAGE)] })}
${field(language, { name: 'b-domain', label: 'desk.readers-domain', hint: 'desk.segments-domain-hint', dir: 'ltr', value: typed('b-domain'), max: 500 })}
${choice(language, { name: 'b-format', label: 'desk.readers-format', value: typed('b-format'), options: [any, ...subscribers.FORMATS.map((one) => [one, say(language, `desk.readers-format-${one as 'html' | 'headlines' | 'text'}`)] as const)] })}
${field(language, { name: 'b-joined-after', label: 'desk.readers-joined-after', type: 'date', value: typed('b-joined-after') })}
${field(language, { name: 'b-joined-before', label: 'desk.readers-joined-before', type: 'date', value: typed('b-joined-before') })}
${choice(language, { name: 'b-confirmed', label: 'desk.segments-confirmed', value: typed('b-confirmed'), options: [any, ['true', say(language, 'desk.readers-yes')], ['false', say(language, 'desk.readers-no')]] })}
${field(language, { name: 'b-letters', label: 'desk.segments-letters', type: 'number', least: 1, most: 100_000, value: typed('b-letters') })}
${field(language, { name: 'b-bounced', label: 'desk.segments-bounced', type: 'number', least: 1, most: 3650, value: typed('b-bounced') })}
${declared.map((one) => declaredField(one, typed(`f-${one.name}`)))}
</div></fieldset>`
}

/** Its title is the newsroom's own. */
function declaredField({ name, title }: subscribers.Field, value: string | null): Html {
  return html`<p><label for="f-${name}"><bdi>${title}</bdi></label><input id="f-${name}" name="f-${name}" type="text" dir="auto" maxlength="300" value="${value ?? ''}"></p>`
}

/** What the fields say, as a rule in JSON; undefined where nothing is filled in. It is checked like any other. */
export async function built({ app, form }: Visit): Promise<string | undefined> {
  const typed = (name: string) => form.get(name)?.trim() || undefined
  const [after, before] = [typed('b-joined-after'), typed('b-joined-before')]
  const [tongue, domain, format] = [typed('b-language'), typed('b-domain'), typed('b-format')]
  const [confirmed, letters, bounced] = [typed('b-confirmed'), typed('b-letters'), typed('b-bounced')]
  const declared = await subscribers.fields(app.read)
  const rules: unknown[] = [
    ...(tongue ? [{ language: tongue }] : []),
    ...(domain ? [{ domain: domain.split(/[\s,;،]+/) }] : []),
    ...(format ? [{ format }] : []),
    ...(after || before ? [{ joined: { ...(after && { after }), ...(before && { before }) } }] : []),
    ...(confirmed ? [{ confirmed: confirmed === 'true' }] : []),
    ...(letters ? [{ letters: { at_least: Number(letters) } }] : []),
    ...(bounced ? [{ not: { bounces: { at_least: 1, within: `${bounced}d` } } }] : []),
    ...declared.flatMap(({ name, kind }) => {
      const value = typed(`f-${name}`)
      return value ? [{ field: { name, is: kind === 'number' ? Number(value) : value } }] : []
    }),
  ]
  if (rules.length === 0) return undefined
  const rule = rules.length === 1 ? rules[0] : { [typed('all') === 'or' ? 'or' : 'and']: rules }
  return JSON.stringify(rule, null, 2)
}
