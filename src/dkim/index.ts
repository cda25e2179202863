/*
 * DKIM (RFC 6376): a domain's keys, the signature over a letter, and the proof that it holds. A letter that cannot be
 * signed although its domain has a key is not sent.
 */
export { add, all, current, type DkimKey, open, prove, record, rotate, type Wish } from './keys.ts'
export { type Signature, type Signer, signature, signatures } from './signature.ts'
