import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { readable } from '../colour.ts'
import { direction } from '../locale.ts'
import { side } from './direction.ts'

/** The colours of a letter in the light; no pure black or white, which some readers turn around. */
export const LIGHT = { paper: '#fefdfb', ink: '#1d1b18', grey: '#5d574f', rule: '#ddd6c9' }
const DARK = { paper: '#161513', ink: '#e9e4da', grey: '#a79f93', rule: '#37332d' }

/** What stands in the frame, as HTML. */
export type Content = { title: string; preview: string; top: string; rows: string; foot: string }

type Frame = { language: string; accent: string }

const TEMPLATE = new URL('../../templates/letter.mjml', import.meta.url)
const PLACE = /\{\{([a-z]+)\}\}/g
const frames = new Map<string, Promise<string>>()

/**
 * The letter's whole HTML.
 *
 * MJML sees only our own template: it is compiled once for a language and an accent, and content is put in afterwards,
 * in one pass, so that no article ever meets its parser and a place inside content stays what it is.
 */
export async function framed(frame: Frame, content: Content): Promise<string> {
  const key = `${frame.language} ${frame.accent}`
  let compiled = frames.get(key)
  if (!compiled) {
    compiled = compile(frame)
    frames.set(key, compiled)
    compiled.catch(() => frames.delete(key))
  }
  return (await compiled).replace(PLACE, (_, name: string) => content[name as keyof Content])
}

/** The accent where it is text on the letter's paper. */
export function accent(colour: string): string {
  return readable(/^#[0-9a-f]{6}$/i.test(colour) ? colour : '#9b1c1c', LIGHT.paper)
}

async function compile({ language, accent: colour }: Frame): Promise<string> {
  const dir = direction(language)
  const look: Record<string, string> = {
    ...LIGHT,
    ...Object.fromEntries(Object.entries(DARK).map(([name, value]) => [`dark${name}`, value])),
    accent: accent(colour),
    darkaccent: readable(accent(colour), DARK.paper),
    language,
    dir,
    side: side(dir),
  }
  const source = readFileSync(TEMPLATE, 'utf8').replace(PLACE, (place, name: string) => look[name] ?? place)
  const html = await besides(source)
  return html.replace(/\n\s*/g, '\n').trim()
}

/** Compiles beside this thread, which meanwhile answers its pages. */
async function besides(source: string): Promise<string> {
  const worker = new Worker(new URL('./frame-worker.ts', import.meta.url), { workerData: source })
  try {
    const [html] = (await once(worker, 'message')) as [string]
    return html
  } finally {
    void worker.terminate()
  }
}
