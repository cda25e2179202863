/*
 * Made-up Arabic articles for the benchmarks: 3 KB of words that are spread as words of a language are, the same in every
 * run, their days in no order.
 */
const LETTERS = 'ابتثجحخدذرزسشصضطظعغفقكلمنهوي'
const BEFORE = ['', '', '', '', 'ال', 'ال', 'و', 'ب', 'ل', 'وال', 'بال']
const AFTER = ['', '', '', 'ة', 'ات', 'ين', 'ها', 'ه']
const STEMS = 20_000
const SECTIONS = ['سياسة', 'اقتصاد', 'مجتمع', 'ثقافة', 'رياضة']
const SPAN = 5 * 365 * 86_400_000 // ms over which they were published

/** In how many articles a word is: five, a tenth of them, all. */
export const WORDS = { rare: 'زمهرير', common: 'البرتقال', every: 'المراسلون' }

type Row = {
  guid: string
  title: string
  body_html: string
  language: string
  section: string
  tags: string
  byline: string
  published_at: number
}

const stems = Array.from({ length: STEMS }, (_, n) => {
  const random = dice(n + 1)
  return Array.from({ length: 3 + Math.floor(random() * 3) }, () => pick(LETTERS, random)).join('')
})

/** The n-th of so many articles, as a row of an import. */
export function story(n: number, of: number): Row {
  const random = dice(n * 7919 + 13)
  const word = () => pick(BEFORE, random) + stems[Math.floor(STEMS ** random()) - 1]! + pick(AFTER, random)
  const sentence = (length: number) => Array.from({ length }, word).join(' ')
  const special = [WORDS.every, n % 10 === 3 && WORDS.common, n % (of / 5) === 1 && WORDS.rare]
    .filter(Boolean)
    .join(' ')
  const paragraphs = [`وقال ${special} ${sentence(38)}.`, ...Array.from({ length: 4 }, () => `${sentence(44)}.`)]
  return {
    guid: `bench-${n}`,
    title: `${sentence(8)} ${n}`,
    body_html: paragraphs.map((paragraph) => `<p>${paragraph}</p>`).join(''),
    language: n % 20 === 19 ? 'tr' : 'ar',
    section: SECTIONS[n % 5]!,
    tags: `وسم${n % 100},وسم${100 + (n % 37)}`,
    byline: `كاتب ${n % 50}`,
    published_at: Date.now() - 3_600_000 - Math.floor(random() * SPAN),
  }
}

function pick<T>(from: ArrayLike<T>, random: () => number): T {
  return from[Math.floor(random() * from.length)]!
}

/** mulberry32: numbers from 0 to 1, the same for the same seed. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
