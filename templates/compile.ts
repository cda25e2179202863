import { readFileSync, writeFileSync } from 'node:fs'
import mjml2html from 'mjml'
import { DARK, LIGHT } from '../src/letters/colours.ts'
import { side } from '../src/letters/direction.ts'

/*
 * Compiles the letter's template for both directions of writing, for when letter.mjml or a colour has changed:
 *
 *   npm run letters
 *
 * MJML takes half a second and 100 MB to do so, which whoever sends letters does not have.
 */
export const COMPILED = {
  rtl: new URL('letter.rtl.html', import.meta.url),
  ltr: new URL('letter.ltr.html', import.meta.url),
}

/** The frame for a direction, open for its language, its accents and its content. */
export async function compiled(dir: 'rtl' | 'ltr'): Promise<string> {
  const look: Record<string, string> = {
    ...LIGHT,
    ...Object.fromEntries(Object.entries(DARK).map(([name, value]) => [`dark${name}`, value])),
    ...{ dir, side: side(dir) },
  }
  const source = readFileSync(new URL('letter.mjml', import.meta.url), 'utf8')
  const { html } = await mjml2html(
    source.replace(/\{\{([a-z]+)\}\}/g, (place, name: string) => look[name] ?? place),
    { validationLevel: 'strict', fonts: {}, ignoreIncludes: true },
  )
  return `${html.replace(/\n\s*/g, '\n').trim()}\n`
}

if (process.argv[1] === import.meta.filename)
  for (const dir of ['rtl', 'ltr'] as const) writeFileSync(COMPILED[dir], await compiled(dir))
