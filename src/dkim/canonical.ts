/** A header field: its name as written, and its value with all folding. */
export type Field = { name: string; value: string }

/** The fields of a head, in their order. */
export function fields(head: string): Field[] {
  return head
    .split(/\r\n(?![ \t])/)
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':')
      return { name: line.slice(0, colon), value: line.slice(colon + 1) }
    })
}

/** A field in its relaxed form (RFC 6376, 3.4.2), without the CRLF at its end. */
export function relaxed({ name, value }: Field): string {
  return `${name.toLowerCase().trimEnd()}:${value
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim()}`
}

/** What `h=` selects: each name the last field of it that was not yet taken, from the bottom up; a name too many selects nothing. */
export function selected(all: Field[], names: string[]): Field[] {
  const left = Map.groupBy(all, (field) => field.name.toLowerCase().trimEnd())
  return names.flatMap((name) => left.get(name.toLowerCase())?.pop() ?? [])
}

/** A body in its relaxed form (RFC 6376, 3.4.4). */
export function relaxedBody(body: string): string {
  const lines = body.replace(/[ \t]+\r\n/g, '\r\n').replace(/[ \t]+/g, ' ')
  const whole = lines.replace(/[ \t]*$/, '').replace(/(\r\n)*$/, '')
  return whole === '' ? '' : `${whole}\r\n`
}
