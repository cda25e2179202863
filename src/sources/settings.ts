import { languageTag, zoneName } from '../locale.ts'
import { Problem } from '../problem.ts'
import { httpUrl, oneLine } from '../text.ts'
import type { Settings } from './source.ts'

const LENGTHS = { title: 200, section: 300, credit: 500 } as const

/** Settings as they may be stored; an empty word takes back what was set. A Problem for what cannot be. */
export function checked(settings: Settings): Settings {
  const { language, zone, charset } = settings
  return {
    ...settings,
    ...(language !== undefined && { language: language && languageTag(language) }),
    ...(zone !== undefined && { zone: zone && zoneName(zone) }),
    ...(charset !== undefined && { charset: charset && charsetName(charset) }),
    ...line(settings, 'title'),
    ...line(settings, 'section'),
    ...line(settings, 'credit'),
  }
}

type Optional = 'language' | 'zone' | 'section' | 'credit' | 'charset'

/** Settings as columns: what was taken back is nothing there. */
export function columns(settings: Settings): Omit<Settings, Optional> & Partial<Record<Optional, string | null>> {
  const { language, zone, section, credit, charset, ...words } = checked(settings)
  const optional = Object.entries({ language, zone, section, credit, charset })
  return {
    ...words,
    ...Object.fromEntries(optional.flatMap(([name, value]) => (value === undefined ? [] : [[name, value || null]]))),
  }
}

/** The address of a source, without a fragment; a Problem, which repeats no password, for what is none. */
export function address(text: string): string {
  const typed = text.trim()
  const url = httpUrl(
    (BARE.test(typed) ? `https://${typed}` : typed)
      .replace(/^feed:(\/\/)?(?=https?:)/i, '')
      .replace(/^feed:\/\//i, 'http://'),
  )
  if (!url) throw new Problem('bad-url', { value: text.slice(0, 200).replace(/\/\/[^/@]*@/, '//…@') })
  return url.replace(/#.*$/s, '')
}

const BARE = /^[^\s:/@]+\.[^\s:/@.]{2,}(:\d+)?([/?].*)?$/ // paper.example, as people type it

function line(settings: Settings, name: keyof typeof LENGTHS): Settings {
  const text = settings[name]
  if (text === undefined) return {}
  if (text.length > LENGTHS[name]) throw new Problem('text-too-long', { name, most: LENGTHS[name] })
  return { [name]: oneLine(text) }
}

/** A charset that browsers know, by the name they give it. */
function charsetName(label: string): string {
  try {
    return new TextDecoder(label.trim()).encoding
  } catch (error) {
    throw new Problem('bad-charset', { value: label.slice(0, 60) }, { cause: error })
  }
}
