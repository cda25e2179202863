/** A text in an 8-bit charset or in UTF-16, as strangers send it. */
export function encode(text: string, charset: string): Buffer {
  if (charset === 'utf-8') return Buffer.from(text)
  if (charset === 'utf-16le') return Buffer.from(text, 'utf16le')
  if (charset === 'utf-16be') return Buffer.from(text, 'utf16le').swap16()
  const all = new TextDecoder(charset).decode(Uint8Array.from({ length: 256 }, (_, byte) => byte))
  return Buffer.from([...text].map((letter) => byteOf(all.indexOf(letter), letter, charset)))
}

function byteOf(byte: number, letter: string, charset: string): number {
  if (byte < 0) throw new Error(`${charset} has no ${letter}`)
  return byte
}
