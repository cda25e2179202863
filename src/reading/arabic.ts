/** What letters beyond ASCII look like: most of them in words of their own; Arabic ones, and in which of the two charsets. */
export type Look = { dense: boolean; arabic: boolean; better: Name; against(declared: Name): boolean }
type Name = 'windows-1256' | 'iso-8859-6'
type Reading = { name: Name; score: number; never: number }

// About how many of 10,000 letters each is in Arabic and Persian news together: it need not be exact to tell two charsets apart.
const OFTEN: Record<number, string> = {
  1250: 'ا',
  900: 'ل',
  780: 'ي',
  620: 'رنم',
  590: 'و',
  480: 'ت',
  450: 'ده',
  410: 'ب',
  300: 'س',
  240: 'عف',
  210: 'ة',
  200: 'كق',
  170: 'شح',
  140: 'ج',
  110: 'أخز',
  100: 'طص',
  90: 'ک',
  60: 'إىگپ',
  45: 'ذضغث',
  40: '\u064e\u0650\u064f\u0651\u0652', // vowel signs
  30: 'ءئچ',
  20: 'ظآ',
  15: 'ہےںھٹڈڑ',
  12: 'ؤژ\u200c',
  5: '\u064b\u064c\u064dـ',
}
const FREQUENCY = new Map(
  Object.entries(OFTEN).flatMap(([n, all]) => [...all].map((letter): [string, number] => [letter, Number(n)])),
)
const RAREST = Math.log(0.00001) // of what stands in no Arabic word
const WINDOWS = weights('windows-1256')
const ISO = weights('iso-8859-6')

const LIKELY = -4.2 // a letter's mean: of Arabic and Persian about -3.3, of Urdu and of Arabic with all its vowel signs -4.1, of other scripts -4.5 and less
const FEWEST = 3 // letters that show anything
const MARGIN = 20 // e to the power of it: so much likelier is what is taken against a declaration
const MOST_NEVER = 0.02 // of all letters: so many more must be impossible as declared, else only words are odd

/** Looks at the letters of an 8-bit text by how often each would come if they were Arabic. */
export function look(bytes: Uint8Array): Look {
  const windows: Reading = { name: 'windows-1256', score: 0, never: 0 }
  const iso: Reading = { name: 'iso-8859-6', score: 0, never: 0 }
  let [high, letters] = [0, 0]
  for (let from = 0; from < bytes.length; from++) {
    if (bytes[from]! < 0x80) continue
    const end = wordEnd(bytes, from)
    high += end - from
    if (isWord(bytes, from, end)) letters += count(bytes.subarray(from, end), windows, iso)
    from = end
  }
  const better = windows.score >= iso.score ? windows : iso
  return {
    dense: letters >= high * 0.5,
    arabic: letters >= Math.max(FEWEST, high * 0.5) && better.score > LIKELY * letters,
    better: better.name,
    against(declared) {
      const said = declared === windows.name ? windows : iso
      return better.score - said.score > MARGIN && said.never - better.never > MOST_NEVER * letters
    },
  }
}

function wordEnd(bytes: Uint8Array, from: number): number {
  let end = from
  while (end < bytes.length && bytes[end]! >= 0x80) end++
  return end
}

/** Accents stand beside Latin letters, or alone. */
function isWord(bytes: Uint8Array, from: number, end: number): boolean {
  return end - from > 1 && !isLatin(bytes[from - 1]) && !isLatin(bytes[end])
}

function isLatin(byte = 0): boolean {
  return (byte > 64 && byte < 91) || (byte > 96 && byte < 123)
}

function count(word: Uint8Array, windows: Reading, iso: Reading): number {
  let letters = 0
  for (const byte of word) {
    if (byte < 0xc0 && WINDOWS[byte]! === RAREST) continue // quotes and the like
    letters++
    add(windows, WINDOWS[byte]!)
    add(iso, ISO[byte]!)
  }
  return letters
}

function add(reading: Reading, weight: number): void {
  reading.score += weight
  if (weight === RAREST) reading.never++
}

/** The logarithm of how often each byte comes. */
function weights(charset: Name): number[] {
  const all = [...new TextDecoder(charset).decode(Uint8Array.from({ length: 256 }, (_, byte) => byte))]
  return all.map((letter) => (FREQUENCY.has(letter) ? Math.log(FREQUENCY.get(letter)! / 10_000) : RAREST))
}
