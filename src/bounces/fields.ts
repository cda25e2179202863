/** Groups of `Name: value` lines as RFC 3464 and RFC 5965 have them: separated by blank lines, folded; names in lower case. */
export function groups(text: string): Record<string, string>[] {
  return text
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n+/)
    .slice(0, 50)
    .map(fields)
    .filter((group) => Object.keys(group).length > 0)
}

function fields(text: string): Record<string, string> {
  const group: Record<string, string> = Object.create(null)
  for (const line of text.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase()
    if (/^[a-z0-9-]{1,60}$/.test(name)) group[name] ??= line.slice(colon + 1).trim()
  }
  return group
}

/** The address in `rfc822; reader@example.org`, bare or in angle brackets. */
export function addressIn(value: string | undefined): string | undefined {
  return /([^\s<>;,:"']{1,64}@[^\s<>;,"']{1,253})/.exec(value ?? '')?.[1]
}
