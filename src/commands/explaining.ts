import { type MessageKey, say } from '../locale.ts'
import type * as subscribers from '../subscribers/index.ts'

type Shown = Awaited<ReturnType<typeof subscribers.show>>

const KINDS = ['complaint', 'delayed', 'full', 'hard', 'leaving', 'policy', 'soft']

/** Suppressions with a sentence each: why nobody writes there any more. */
export function suppressions<Row extends { reason: string }>(
  language: string,
  rows: Row[],
): (Row & { says: string })[] {
  return rows.map((row) => ({ ...row, says: why(language, row.reason) }))
}

/** A reader's whole record, with a sentence for the suppression and for each letter that came back. */
export function reader(language: string, shown: Shown) {
  const bounces = shown.bounces.map((one) => ({ ...one, says: cameBack(language, one.kind) }))
  const suppression = shown.suppression && suppressions(language, [shown.suppression])[0]!
  return { ...shown, suppression, bounces }
}

function why(language: string, reason: string): string {
  const status = /^bounced (5\.\d+\.\d+)$/.exec(reason)?.[1]
  if (status) return say(language, 'suppression.gone', { status })
  if (/^bounced \d+ times$/.test(reason)) return say(language, 'suppression.failing')
  if (reason === 'mailbox full') return say(language, 'suppression.full')
  if (reason === 'complaint') return say(language, 'suppression.complaint')
  return say(language, 'suppression.words', { reason })
}

function cameBack(language: string, kind: string): string {
  return KINDS.includes(kind) ? say(language, `bounce.${kind}` as MessageKey) : kind
}
