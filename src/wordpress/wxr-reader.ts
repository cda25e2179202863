import sax from 'sax'

/** A category, a tag, or another term of a post. */
export type Term = { domain: string; nicename: string; name: string }

/** A post, an attachment or whatever else an export lists; `fault` says why it cannot be used as it stands. */
export type Entry = {
  kind: 'entry'
  line: number
  fields: Map<string, string>
  terms: Term[]
  meta: Map<string, string[]>
  comments: number
  fault?: string
}

export type Author = { kind: 'author'; login: string; name: string }

/** How the document ended: `whole` unless it was cut, `beyond` where something came after its end. */
export type Ending = { kind: 'end'; line: number; whole: boolean; beyond: boolean }

/** A document that no reading gets further through; what came before it was read. */
export class Unreadable extends Error {
  readonly line: number

  constructor(line: number, reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.line = line
  }
}

const LONGEST = new Map([
  ...['title', 'link', 'guid', 'excerpt:encoded', 'wp:attachment_url'].map((name) => [name, 20_000] as const),
  ...['dc:creator', 'pubdate', 'category', 'wp:post_id', 'wp:post_name', 'wp:post_type', 'wp:status'].map((name) => [name, 2000] as const),
  ...['wp:post_date', 'wp:post_date_gmt', 'wp:post_modified_gmt', 'wp:post_password'].map((name) => [name, 2000] as const),
  ['content:encoded', 2_000_000],
]) // biome-ignore format: three lists
const OF_AUTHORS = new Set(['wp:author_login', 'wp:author_display_name'])
const METAS = new Set(['_thumbnail_id', '_wp_attachment_image_alt', '_wp_old_slug'])
const LONGEST_META = 2000 // letters; what is longer is no value that we look at
const DEEPEST = 1000 // elements; broken HTML nests too, but not so deep
const MOST_ATTRIBUTES = 100
const MOST_TERMS = 200
const PIECE = 65_536 // letters at once: sax looks at the length of what it holds after each
const VOID = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/

type Field = { name: string; depth: number; most: number; text: string; attributes: Record<string, string> }

/**
 * The authors and entries of an export as they come, and how it ended. Memory holds one entry, whatever the file.
 *
 * What is broken inside an entry is that entry's `fault`. Throws Unreadable where it cannot go on.
 */
export async function* pieces(texts: AsyncIterable<string>): AsyncGenerator<Entry | Author | Ending> {
  const found: (Entry | Author)[] = []
  const reader = openReader((piece) => found.push(piece))
  for await (const text of texts) {
    for (let start = 0; start < text.length; start += PIECE) {
      reader.write(text.slice(start, start + PIECE))
      yield* found.splice(0)
    }
  }
  const ending = reader.end()
  yield* found
  yield ending
}

function openReader(give: (piece: Entry | Author) => void) {
  const parser = sax.parser(false, { lowercase: true, noscript: true })
  let depth = 0
  let begun = false
  let beyond = false
  let entry: (Entry & { depth: number }) | undefined
  let author: { depth: number; login: string; name: string } | undefined
  let meta: { depth: number; key: string; value: string } | undefined
  let skipped = 0 // the depth of a comment
  let field: Field | undefined
  let attributes = 0

  parser.onerror = (error) => {
    if (error.message.startsWith('Max buffer')) return // the next write throws it
    parser.resume()
  }
  parser.onattribute = () => {
    if (++attributes > MOST_ATTRIBUTES) throw unreadable(`an element has more than ${MOST_ATTRIBUTES} attributes`)
  }
  parser.onopentag = (tag) => {
    attributes = 0
    begun = true
    if (++depth > DEEPEST) throw unreadable(`its elements are nested more than ${DEEPEST} deep`)
    const { name } = tag
    if (name === 'item') return open()
    if (skipped) return
    if (field) return take(`<${name}${spelled(tag.attributes as Record<string, string>)}>`)
    const most = mostOf(name)
    if (most) field = { name, depth, most, text: '', attributes: tag.attributes as Record<string, string> }
    else if (name === 'wp:author' && !entry) author = { depth, login: '', name: '' }
    else if (name === 'wp:postmeta' && entry) meta = { depth, key: '', value: '' }
    else if (name === 'wp:comment' && entry) {
      skipped = depth
      entry.comments++
    }
  }
  parser.onclosetag = (name) => {
    if (skipped) {
      if (depth === skipped) skipped = 0
    } else if (field && depth === field.depth) keep(field)
    else if (field) take(VOID.test(name) ? '' : `</${name}>`)
    else if (meta && depth === meta.depth) keepMeta(meta)
    else if (entry && depth === entry.depth) close()
    else if (author && depth === author.depth) {
      give({ kind: 'author', login: author.login, name: author.name })
      author = undefined
    }
    depth--
  }
  parser.ontext = (text) => {
    if (begun && depth === 0 && /\S/.test(text)) beyond = true
    if (!skipped) take(text)
  }
  parser.oncdata = (text) => {
    if (!skipped) take(text)
  }

  function mostOf(name: string): number | undefined {
    if (meta) return name === 'wp:meta_key' || name === 'wp:meta_value' ? LONGEST_META : undefined
    if (entry) return LONGEST.get(name)
    return author && OF_AUTHORS.has(name) ? LONGEST_META : undefined
  }
  function open(): void {
    if (entry) close('it has no end: the next one begins inside it')
    skipped = 0
    field = undefined
    meta = undefined
    entry = { kind: 'entry', line: parser.line + 1, fields: new Map(), terms: [], meta: new Map(), comments: 0, depth }
  }
  function close(fault?: string): void {
    const { depth: _, ...whole } = entry!
    entry = undefined
    give(fault ? { ...whole, fault } : whole)
  }
  function take(text: string): void {
    if (!field) return
    if (field.text.length <= field.most) field.text += text
  }
  function keep({ name, most, attributes, text: all }: Field): void {
    field = undefined
    const long = all.length > most
    const text = all.replace(/\]\]>\s*$/, '') // of a CDATA section that its own text had ended
    if (meta) {
      if (name === 'wp:meta_key') meta.key = text.trim()
      else meta.value = long ? '' : text
    } else if (author) {
      if (name === 'wp:author_login') author.login = text.trim()
      else author.name = text.trim()
    } else if (entry) {
      if (long) entry.fault ??= `${name}: it is longer than ${most} letters`
      else if (name !== 'category') entry.fields.set(name, text)
      else if (entry.terms.length < MOST_TERMS)
        entry.terms.push({ domain: attributes['domain'] ?? '', nicename: attributes['nicename'] ?? '', name: text })
    }
  }
  function keepMeta({ key, value }: { key: string; value: string }): void {
    meta = undefined
    if (entry && METAS.has(key)) entry.meta.set(key, [...(entry.meta.get(key) ?? []), value].slice(0, MOST_TERMS))
  }
  function unreadable(reason: string, cause?: unknown): Unreadable {
    return new Unreadable(parser.line + 1, reason, { cause })
  }

  return {
    write(text: string): void {
      try {
        parser.write(text)
      } catch (error) {
        if (error instanceof Unreadable) throw error
        const [, what] = /exceeded: (\w+)/.exec((error as Error).message) ?? []
        throw unreadable(what ? `one ${SAID[what] ?? what} has no end` : 'it is no XML that can be read', error)
      }
    },
    end(): Ending {
      parser.flush()
      const whole = begun && depth === 0
      if (entry) close('the file ends in the middle of it; export it again')
      return { kind: 'end', line: parser.line + 1, whole, beyond }
    },
  }
}

const SAID: Record<string, string> = {
  attribName: 'attribute',
  attribValue: 'attribute',
  procInstName: 'processing instruction',
  procInstBody: 'processing instruction',
  sgmlDecl: 'declaration',
  tagName: 'tag',
}

/** Attributes of HTML that stands in a field without being quoted there, as its exporter broke it. */
function spelled(attributes: Record<string, string>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${value.replaceAll('"', '&quot;')}"`)
    .join('')
}
