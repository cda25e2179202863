import type { Generated } from 'kysely'
import type { Instant } from '../instant.ts'

/** A stored image; `variants` is JSON: [{width, height, type, bytes, file}]. */
export interface ImageTable {
  id: Generated<number>
  hash: string
  type: string
  width: number
  height: number
  bytes: number
  variants: string
  created_at: Instant
}

/** A picture that lies elsewhere and is to be kept: tried at `due_at`; given up, for `reason`, where that is null. */
export interface DownloadTable {
  url: string
  due_at: Instant | null
  attempts: number
  reason: string | null
}

/**
 * A picture in a body that we are to keep, at `url` as the body has it; `wanted` is where we ask for it, the original of a
 * WordPress rendition first. `image_id` once we keep it.
 */
export interface BodyPictureTable {
  article_id: number
  url: string
  wanted: string
  image_id: number | null
}

/** Where a picture of the newsroom's own stood before: a path, percent-decoded, whatever its host and its size. */
export interface ImageAddressTable {
  address: string
  image_id: number
}

/** The tables of pictures, ours and those to be kept. */
export interface ImagesTables {
  image: ImageTable
  download: DownloadTable
  body_picture: BodyPictureTable
  image_address: ImageAddressTable
}
