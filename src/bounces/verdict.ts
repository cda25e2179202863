import { complaintIn } from './complaint.ts'
import type { Message } from './message.ts'
import { isAutomatic, isOrder } from './reply.ts'
import { reportIn } from './report.ts'
import type { Finding } from './status.ts'
import { unreportedIn } from './unreported.ts'

const LONGEST = 20_000 // letters of a returned letter: its header stands first

/**
 * What a message is: `report` of one or more letters' fate, with the header of the `original` where it was returned; `order`,
 * somebody's wish to leave; `automatic`, an answer that nobody wrote; `other`, for a person to read.
 */
export type Verdict =
  | { what: 'report'; findings: Finding[]; original: string }
  | { what: 'order' }
  | { what: 'automatic' }
  | { what: 'other' }

/** Judges a message by itself: by its reports (RFC 5965, RFC 3464) first, then by the ways of servers that send none. */
export function judge(message: Message): Verdict {
  const findings = complaintIn(message) ?? reportIn(message) ?? unreportedIn(message)
  if (findings) {
    if (findings.length === 0) return { what: 'automatic' }
    return { what: 'report', findings, original: returned(message) }
  }
  if (isAutomatic(message)) return { what: 'automatic' }
  return { what: isOrder(message) ? 'order' : 'other' }
}

/** What was returned of our letter, its header first, unfolded. */
function returned({ parts, text }: Message): string {
  const part = parts.findLast(({ type }) => /rfc822|global$/.test(type))
  return (part?.text ?? text).slice(0, LONGEST).replace(/\r?\n[ \t]{1,20}/g, ' ')
}
