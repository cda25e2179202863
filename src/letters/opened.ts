/** Reads the two forms of a letter of ours back, byte for byte as a mail reader has them; `html` is '' where there is none. */
export function opened(source: Buffer): { text: string; html: string } {
  const letters = source.toString('latin1')
  const [, boundary] = /^Content-Type: multipart\/alternative;\r\n boundary="([^"]+)"/m.exec(letters) ?? []
  if (boundary === undefined) return { text: decoded(letters), html: '' }
  const [, text = '', html = ''] = letters.split(`--${boundary}`)
  return { text: decoded(text), html: decoded(html) }
}

/** What follows a head, line by line: each run of a letter is base64 of its own. */
function decoded(part: string): string {
  const lines = part.slice(part.indexOf('\r\n\r\n') + 4).split('\r\n')
  return Buffer.concat(lines.map((line) => Buffer.from(line, 'base64'))).toString()
}
