import { html } from 'hono/html'
import type * as sources from '../../sources/index.ts'
import type { Html } from '../pages.ts'

/** What a source is called at the desk. */
export function nameOf({ title, host, url }: Pick<sources.Source, 'title' | 'host' | 'url'>): string {
  return title || host || url
}

/** Where what a source sent is reviewed. */
export function reviewOf(id: number): string {
  return `/admin/articles?state=waiting&source=${id}`
}

/** Words of the machine, which are English in every language. */
export function machine(text: string): Html {
  return html`<bdi lang="en" dir="ltr">${text}</bdi>`
}

/** A length of time: “2 hours 20 minutes”. */
export function duration(language: string, milliseconds: number): string {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000))
  const format = new Intl.DurationFormat(`${language}-u-nu-latn`, { style: 'long' })
  return format.format({ hours: Math.floor(minutes / 60), minutes: minutes % 60 })
}

/** Facts in pairs: what it is, and how it is; what is nothing is left out. */
export function facts(pairs: [name: string, value: Html | string | number | false | null | undefined][]): Html {
  const known = pairs.filter(([, value]) => value !== '' && value !== false && value !== null && value !== undefined)
  return html`<dl class="known">${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}
