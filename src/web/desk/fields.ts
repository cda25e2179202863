import { html } from 'hono/html'
import { type MessageKey, say } from '../../locale.ts'
import type { Html } from '../pages.ts'

/** What all fields have: their name, their label, and where it helps a hint below. */
type Field = { name: string; label: MessageKey; hint?: MessageKey | undefined; required?: boolean }

type TextField = Field & {
  value?: string | number | null
  type?: 'text' | 'email' | 'url' | 'search' | 'number' | 'date' | 'time' | 'datetime-local' | 'password' | 'color'
  /** Addresses and codes run from left to right in every language; names and titles as their letters do. */
  dir?: 'ltr' | 'rtl' | 'auto'
  max?: number
  least?: number
  most?: number
  complete?: string
}

/** One line to type into. */
export function field(language: string, one: TextField): Html {
  const { name, value, type = 'text', required, max, least, most, complete } = one
  const dir = one.dir ?? (type === 'text' || type === 'search' ? 'auto' : 'ltr')
  return labelled(
    language,
    one,
    html`<input id="${name}" name="${name}" type="${type}" dir="${dir}" value="${value ?? ''}"${required && html` required`}${max !== undefined && html` maxlength="${max}"`}${least !== undefined && html` min="${least}"`}${most !== undefined && html` max="${most}"`}${complete && html` autocomplete="${complete}"`}${described(one)}>`,
  )
}

/** Several lines to type into. */
export function area(
  language: string,
  one: Field & { value?: string; rows?: number; dir?: string; max?: number },
): Html {
  const { name, value = '', rows = 4, dir = 'auto', max, required } = one
  return labelled(
    language,
    one,
    html`<textarea id="${name}" name="${name}" rows="${rows}" dir="${dir}"${max !== undefined && html` maxlength="${max}"`}${required && html` required`}${described(one)}>${value}</textarea>`,
  )
}

/** One of several; `options` are values and their words. */
export function choice(
  language: string,
  one: Field & { value?: string | null; options: readonly (readonly [value: string, words: string])[] },
): Html {
  const { name, value, options, required } = one
  return labelled(
    language,
    one,
    html`<select id="${name}" name="${name}"${required && html` required`}${described(one)}>${options.map(([key, words]) => html`<option value="${key}"${key === (value ?? '') && html` selected`}>${words}</option>`)}</select>`,
  )
}

/** Yes or no; `value` is sent for yes. */
export function check(language: string, one: Field & { checked: boolean; value?: string }): Html {
  const { name, label, hint, checked, value = '1' } = one
  return html`<p class="check"><input id="${name}" name="${name}" type="checkbox" value="${value}"${checked && html` checked`}${described(one)}> <label for="${name}">${say(language, label)}</label>${hint && html`<span class="small" id="${name}-hint">${say(language, hint)}</span>`}</p>`
}

/** A file to send; its form wants `enctype="multipart/form-data"` and its route `takes`. */
export function fileField(language: string, one: Field & { accept: string; several?: boolean }): Html {
  const { name, accept, several, required } = one
  return labelled(
    language,
    one,
    html`<input id="${name}" name="${name}" type="file" accept="${accept}"${several && html` multiple`}${required && html` required`}${described(one)}>`,
  )
}

function labelled(language: string, { name, label, hint }: Field, input: Html): Html {
  return html`<p><label for="${name}">${say(language, label)}</label>${input}${hint && html`<span class="small" id="${name}-hint">${say(language, hint)}</span>`}</p>`
}

function described({ name, hint }: Field): Html | '' {
  return hint ? html` aria-describedby="${name}-hint"` : ''
}
