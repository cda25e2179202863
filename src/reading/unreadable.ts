/** Why a document cannot be read, in words. */
export class Unreadable extends Error {
  override name = 'Unreadable'
}
