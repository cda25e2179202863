import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { type MessageKey, say, sentence, spoken } from '../src/locale.ts'
import { Problem, problemCodes } from '../src/problem.ts'

const folder = resolve(import.meta.dirname, '../templates/messages')
/** All files of a language, in one order. */
const all = Object.fromEntries(
  spoken.map((language) => {
    const rooms = readdirSync(join(folder, 'desk')).filter((name) => name.endsWith(`.${language}.json`))
    const files = [`${language}.json`, ...rooms.sort().map((name) => join('desk', name))]
    const read = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    return [language, Object.assign({}, ...read) as Record<string, string>]
  }),
)
const keys = Object.keys(all['en']!)

test('all languages say the same things, with the same values', () => {
  const values = (text: string) =>
    [...new Set([...text.matchAll(/\{(\w+)(?=[,}])/g)].map((match) => match[1]))].filter((name) => name !== '').sort()
  for (const language of spoken) {
    expect(Object.keys(all[language]!)).toEqual(keys)
    for (const key of keys) {
      const own = values(all[language]![key]!)
      for (const name of values(all['en']![key]!))
        if (/^[a-z]+$/i.test(name!) && all['en']![key]!.includes(`{${name}`))
          expect({ language, key, own }).toMatchObject({ own: own.includes(name!) ? own : ['missing', name] })
    }
  }
})

test('every sentence can be said', () => {
  for (const language of spoken) {
    for (const key of keys) {
      const values = Object.fromEntries([...all[language]![key]!.matchAll(/\{(\w+)/g)].map((match) => [match[1]!, 3]))
      expect(say(language, key as MessageKey, values)).toMatch(/\S/)
    }
  }
})

test('every way of saying no has its sentence', () => {
  for (const code of problemCodes) expect(keys).toContain(`problem.${code}`)
  expect(sentence('tr', new Problem('port-taken', { port: 3000 }))).toContain('3000')
  expect(sentence('sw', new Problem('port-taken', { port: 3000 }))).toContain('Port 3000 is taken')
})

test('every sentence is said somewhere', () => {
  const code = ['src', 'templates']
    .flatMap((place) =>
      readdirSync(resolve(import.meta.dirname, '..', place), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|mjml)$/.test(name))
        .map((name) => readFileSync(resolve(import.meta.dirname, '..', place, name), 'utf8')),
    )
    .join('\n')
  const composed = ['problem.', ...[...code.matchAll(/[`']([a-z-]+\.[a-z-]*)\$\{/g)].map((match) => match[1]!)]
  expect(keys.filter((key) => !code.includes(`'${key}'`) && !composed.some((start) => key.startsWith(start)))).toEqual(
    [],
  )
})

test('every Problem is thrown with what its sentence tells', () => {
  const sites = sources('src').flatMap(({ name, text }) =>
    [...text.matchAll(/new Problem\(\s*'([a-z-]+)'\s*(,\s*)?/g)].map((match) => ({
      name,
      code: match[1]!,
      given: text.slice(match.index + match[0].length, match.index + match[0].length + 300),
      values: match[2] !== undefined,
    })),
  )
  expect(sites.length).toBeGreaterThan(40)
  const wrong = sites.filter(({ code, given, values }) => {
    const wanted = [...all['en']![`problem.${code}`]!.matchAll(/\{(\w+)(?=[,}])/g)].map((match) => match[1]!)
    if (values && !given.startsWith('{')) return false // made elsewhere
    const literal = values ? balanced(given) : ''
    return wanted.some((name) => !new RegExp(`[{,]\\s*${name}\\s*[:,}]`).test(literal))
  })
  expect(wrong).toEqual([])
})

test('a sentence without one of its values is said all the same', () => {
  for (const language of spoken) {
    for (const key of keys) expect(say(language, key as MessageKey)).toMatch(/\S/)
    expect(sentence(language, new Problem('subscriber-not-found'))).toContain('…')
    expect(sentence(language, new Problem('bad-number', { name: 'size' }))).toContain('size')
  }
})

function sources(place: string): { name: string; text: string }[] {
  const root = resolve(import.meta.dirname, '..', place)
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }))
}

/** From an opening brace to the one that closes it. */
function balanced(text: string): string {
  let depth = 0
  for (const [index, sign] of [...text].entries()) {
    if (sign === '{') depth++
    if (sign === '}' && --depth === 0) return text.slice(0, index + 1)
  }
  return text
}
