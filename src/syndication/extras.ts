import type { Entry, Image } from './entry.ts'
import { element, wrapped } from './slots.ts'

/** What RSS and Atom both take from other vocabularies: the credit and the picture. */
export function commonExtras({ credit, image }: Entry): string[] {
  return [...(credit ? [element('dc:source', {}, credit)] : []), ...mediaOf(image)]
}

function mediaOf(image: Image | undefined): string[] {
  if (!image) return []
  const { url, width, height, type, bytes: fileSize, thumbnail, alt, caption, credit } = image
  const words = [
    ...(caption || alt ? [element('media:description', { type: 'plain' }, caption || alt)] : []),
    ...(credit ? [element('media:credit', {}, credit)] : []),
  ].join('')
  return [
    wrapped('media:content', { url, medium: 'image', type, fileSize, width, height }, words),
    ...(thumbnail ? [element('media:thumbnail', thumbnail)] : []),
  ]
}
