import { galleryIds } from './wxr-body.ts'
import { type Entry, pieces, Unreadable } from './wxr-reader.ts'
import { textOf } from './wxr-text.ts'

/** A picture in the library of the old site. */
export type Attachment = { url: string; alt: string; caption: string }

/** What must be known of a whole export before its first post is read: authors by login, pictures by number. */
export type Survey = { authors: Map<string, string>; attachments: Map<number, Attachment> }

const MOST = 150_000_000 // letters of attachments in memory: about a million of them
const MOST_AUTHORS = 100_000

/**
 * Reads exports once for what posts refer to: attachments may stand after the posts that show them, and in another file of
 * the same export. Kept of them is only what a post shows. Ends early when the stream does, or where it cannot be read.
 */
export async function survey(
  documents: AsyncIterable<Uint8Array>[],
  { onEntry }: { onEntry?: (n: number) => void } = {},
): Promise<Survey> {
  const authors = new Map<string, string>()
  const attachments = new Map<number, Attachment>()
  const shown = new Set<number>()
  let letters = 0
  let entries = 0
  for (const bytes of documents)
    try {
      for await (const piece of pieces(textOf(bytes))) {
        if (piece.kind === 'author' && authors.size < MOST_AUTHORS) authors.set(piece.login, piece.name)
        if (piece.kind !== 'entry') continue
        onEntry?.(++entries)
        if (piece.fields.get('wp:post_type')?.trim() !== 'attachment') for (const id of picturesOf(piece)) shown.add(id)
        else if (letters < MOST) {
          const one = attachmentOf(piece)
          letters += one.url.length + one.alt.length + one.caption.length
          attachments.set(idOf(piece), one)
        }
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error // the import itself says where
    }
  for (const id of attachments.keys()) if (!shown.has(id)) attachments.delete(id)
  return { authors, attachments }
}

function picturesOf({ fields, meta }: Entry): number[] {
  return [...(meta.get('_thumbnail_id') ?? []).map(Number), ...galleryIds(fields.get('content:encoded') ?? '')]
}

function attachmentOf({ fields, meta }: Entry): Attachment {
  return {
    url: copied((fields.get('wp:attachment_url') ?? '').trim().slice(0, 2000)),
    alt: copied((meta.get('_wp_attachment_image_alt')?.at(-1) ?? '').slice(0, 500)),
    caption: copied((fields.get('excerpt:encoded') ?? '').trim().slice(0, 1000)),
  }
}

function idOf({ fields }: Entry): number {
  return Number(fields.get('wp:post_id'))
}

/** A text of its own: a part of a longer one would keep all of it in memory. */
function copied(text: string): string {
  return Buffer.from(text).toString()
}
