/** What a file is, by its first bytes: `lines` is what is none of the others. */
export type Kind = 'wxr' | 'zip' | 'gzip' | 'feed' | 'html' | 'xml' | 'lines'

/** How many bytes `kindOf` wants to see, if there are so many. */
export const HEAD = 65_536

/** Tells an export of WordPress from what else may be given in its place. */
export function kindOf(head: Uint8Array): Kind {
  if (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) return 'zip'
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  const text = new TextDecoder(encodingOf(head)).decode(head.subarray(0, HEAD)).trimStart()
  if (!text.startsWith('<')) return 'lines'
  if (/wordpress\.org\/export\/|<wp:wxr_version/i.test(text)) return 'wxr'
  if (/<(?:\w+:)?(?:rss|feed|rdf)[\s>]/i.test(text)) return 'feed'
  return /<(?:!doctype html|html|head|body)[\s>]/i.test(text) ? 'html' : 'xml'
}

/** The encoding that a document names: by its byte order mark, else in its declaration; UTF-8 where it names none we know. */
function encodingOf(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  if (head[0] === 0x3c && head[1] === 0) return 'utf-16le'
  if (head[0] === 0 && head[1] === 0x3c) return 'utf-16be'
  const opening = Buffer.from(head.subarray(0, 200)).toString('latin1')
  const [, name] = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]{1,40})["']/i.exec(opening) ?? []
  try {
    const { encoding } = new TextDecoder(name ?? 'utf-8')
    return encoding.startsWith('utf-16') ? 'utf-8' : encoding // its first bytes say that it is not
  } catch {
    return 'utf-8'
  }
}

/** The text of a document as it comes; what is not in its encoding becomes U+FFFD. */
export async function* textOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  for await (const chunk of bytes) {
    decoder ??= new TextDecoder(encodingOf(chunk))
    yield decoder.decode(chunk, { stream: true })
  }
  if (decoder) yield decoder.decode()
}
