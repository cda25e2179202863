/*
 * What comes back: bounces, complaints and answers, by mail or from a provider; what they say of our readers, and what follows.
 * The public face of this folder; only the ledger of letters reaches past it, for `envelope.ts` and `refusal.ts`, because this
 * folder stands on the ledger.
 */
export { forgetArrivals, forgetOld } from './arrivals.ts'
export { hear } from './hearing.ts'
export { addHook, findHook, hooks, removeHook } from './hooks.ts'
export { type Listener, listen } from './listener.ts'
export { mailboxTrouble, readMailboxes, tryMailbox } from './mailboxes.ts'
export { noteRefusals } from './refusals.ts'
export { trouble } from './trouble.ts'
