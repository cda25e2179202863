/** What is kept for a time that the newsroom may choose. Days, of backups their number; `usual` is what goes where nobody said. */
export const KEPT = {
  letters: { least: 90, most: 3650, usual: null },
  trail: { least: 90, most: 3650, usual: null },
  imports: { least: 1, most: 90, usual: 30 },
  files: { least: 1, most: 30, usual: 7 },
  sessions: { least: 1, most: 30, usual: 30 },
  backups: { least: 2, most: 60, usual: 7 },
} as const satisfies Record<string, { least: number; most: number; usual: number | null }>

export type Kind = keyof typeof KEPT
export const KINDS = Object.keys(KEPT) as Kind[]

/** How the word is typed that stands for no end. */
export const EVER = 'ever'

/** Whether something may be kept without end. */
export function endless(kind: Kind): boolean {
  return KEPT[kind].usual === null
}

/** `400`, `400d`, or `ever` (null) where that may be; undefined for what is out of bounds or no number. */
export function readKept(kind: Kind, text: string): number | null | undefined {
  const word = text.trim().toLowerCase()
  if (word === EVER) return endless(kind) ? null : undefined
  const days = Number(/^(\d{1,4})d?$/.exec(word)?.[1] ?? Number.NaN)
  return days >= KEPT[kind].least && days <= KEPT[kind].most ? days : undefined
}

/** Reads NASHRA_KEEP: `letters=400d trail=ever backups=14`. An Error says what is wrong with the first that is none. */
export function readKeeping(text: string): Partial<Record<Kind, number | null>> {
  return Object.fromEntries(
    text
      .trim()
      .split(/[\s,]+/)
      .map(readOne),
  )
}

function readOne(part: string): [Kind, number | null] {
  const [name = '', value = ''] = part.split('=')
  const kind = KINDS.find((one) => one === name)
  if (!kind)
    throw new Error(`«${name.slice(0, 40)}» is none of ${KINDS.join(', ')}; write like letters=400d trail=ever`)
  const days = readKept(kind, value)
  const { least, most } = KEPT[kind]
  if (days === undefined)
    throw new Error(`${kind}= takes a whole number from ${least} to ${most}${endless(kind) ? ', or ever' : ''}`)
  return [kind, days]
}
