/*
 * Backups: database, key ring, images and left.log in one tar, made while everything goes on; and the way back. What comes
 * back sends nothing before somebody adopts it (src/adopting.ts).
 */
export { type ByHand, begin, byHand } from './by-hand.ts'
export { type Made, make, type Step } from './make.ts'
export { type Restored, restore } from './restore.ts'
export { folderOf, free, type Kept, kept, nightly } from './standing.ts'
