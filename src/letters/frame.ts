import { readFileSync } from 'node:fs'
import { readable } from '../colour.ts'
import { direction } from '../locale.ts'
import { DARK, LIGHT } from './colours.ts'

/** What stands in the frame, as HTML. */
export type Content = { title: string; preview: string; top: string; rows: string; foot: string }

type Frame = { language: string; accent: string }

const PLACE = /\{\{([a-z]+)\}\}/g
/** Our own template, compiled for both directions by templates/compile.ts. */
const COMPILED = { rtl: read('rtl'), ltr: read('ltr') }

/**
 * The letter's whole HTML. All places are filled in one pass, so that a place inside content stays what it is.
 */
export function framed({ language, accent: colour }: Frame, content: Content): string {
  const darkaccent = readable(accent(colour), DARK.paper)
  const values: Record<string, string> = { ...content, language, darkaccent }
  return COMPILED[direction(language)].replace(PLACE, (place, name: string) => values[name] ?? place)
}

/** The accent where it is text on the letter's paper. */
export function accent(colour: string): string {
  return readable(/^#[0-9a-f]{6}$/i.test(colour) ? colour : '#9b1c1c', LIGHT.paper)
}

function read(direction: 'rtl' | 'ltr'): string {
  return readFileSync(new URL(`../../templates/letter.${direction}.html`, import.meta.url), 'utf8').trim()
}
