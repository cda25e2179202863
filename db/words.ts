const SPACED = /[^\p{L}\p{N}]+/u
/** A letter of a script that writes without spaces. */
export const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u
const RUNS = new RegExp(`(${UNSPACED.source}+)`, 'u')
const ARTICLE = /^(?:[وف]?(?:ال|بال|كال|لل))/
const LETTERS = /^[وف][بكل]/
const LETTER = /^[وفبكل]/
const GLUED = new Set('وفبكلا')
const LEAST = 3 // letters that must be left: «والد» is a father, not «و» and «الد»
const LONGEST = 40 // letters of a word that are compared
const MOST = 100_000 // letters of one article's words: PostgreSQL takes a megabyte

/** The words of a folded text: what stands between spaces, and each two neighbours where a script has none. */
export function split(folded: string): string[] {
  const words = folded.split(SPACED).filter(Boolean)
  return (UNSPACED.test(folded) ? words.flatMap((word) => word.split(RUNS).filter(Boolean).flatMap(pairs)) : words).map(
    (word) => (word.length > LONGEST ? [...word].slice(0, LONGEST).join('') : word),
  )
}

function pairs(run: string): string[] {
  if (!UNSPACED.test(run)) return [run]
  const letters = [...run]
  return letters.length < 2 ? letters : letters.slice(1).map((letter, before) => letters[before]! + letter)
}

/** An Arabic word without the article and what is glued before it: «والمدينه» is «مدينه», «وزير» stays. */
export function withoutArticle(word: string): string {
  return without(ARTICLE, word)
}

/** A word as it stands and as it is without what may be glued to it: «وبادلب», «ادلب», «بادلب». */
export function forms(word: string): string[] {
  if (!GLUED.has(word[0]!)) return [word]
  const bare = withoutArticle(word)
  const others = bare === word ? [without(LETTERS, word), without(LETTER, word)] : [bare]
  return [word, ...others.filter((other) => other !== word)]
}

/** The barest form of a word. */
export function barest(word: string): string {
  return forms(word).reduce((one, other) => (other.length < one.length ? other : one))
}

function without(prefix: RegExp, word: string): string {
  const rest = word.replace(prefix, '')
  return rest.length < word.length && rest.length >= LEAST ? rest : word
}

/** What the index holds of a folded text: each form of each word once. */
export function indexWords(folded: string): string[] {
  const words = new Set<string>()
  let letters = 0
  for (const word of split(folded)) {
    for (const form of forms(word)) {
      if (words.has(form)) continue
      letters += form.length
      if (letters > MOST) return [...words]
      words.add(form)
    }
  }
  return [...words]
}
