/** What differs from reader to reader inside a letter: the token at the end of a link. */
export type Slot = 'unsubscribe' | 'confirm' | 'preferences'

/** The length of every token; a multiple of 3, so that it has base64 lines of its own. */
export const TOKEN = 30

/*
 * U+0001 and U+0002 cannot stand in a text of ours: control characters are stripped at the door, and once more by
 * whoever renders. Both databases keep them.
 */
const MARK = /\u0001(unsubscribe|confirm|preferences)\u0002/

/** The place of a reader's token. */
export function slot(name: Slot): string {
  return `\u0001${name}\u0002`
}

/** The source with its slots filled from `tokens`, `#` for those not given: for a preview or the web page. */
export function fill(source: string, tokens: Record<string, string>): string {
  return source.replace(new RegExp(MARK, 'g'), (_, name: string) => {
    const token = tokens[name] ?? '#'
    return /^[\w-]+$/.test(token) ? token : '#'
  })
}

/** The fixed runs of a source and the slots between them, in turn; first and last are runs. */
export function cut(source: string): { runs: string[]; slots: Slot[] } {
  const parts = source.split(MARK)
  const runs = parts.filter((_, index) => index % 2 === 0)
  if (runs.some((run) => /[^\P{Cc}\t\r\n]/u.test(run))) throw new Error('a letter holds a control character')
  return { runs, slots: parts.filter((_, index) => index % 2 === 1) as Slot[] }
}
