import { wordsOf } from '../address.ts'
import { addressIn, groups } from './fields.ts'
import type { Message } from './message.ts'
import { type Finding, judged } from './status.ts'

const MOST = 20 // recipients: our letters have one
const LONGEST = 2000 // letters of an answer that are judged

/** What a delivery report (RFC 3464, RFC 6533) says of each recipient; empty for good news and for receipts (RFC 8098). */
export function reportIn({ parts, text }: Message): Finding[] | undefined {
  const reports = parts.filter(({ type }) => /^message\/(global-)?delivery-status$/.test(type))
  const receipt = parts.some(({ type }) => type === 'message/disposition-notification')
  if (reports.length === 0) return receipt ? [] : undefined
  const recipients = reports.flatMap((report) => groups(report.text)).filter((group) => group['action'])
  if (recipients.length === 0) return undefined
  return recipients.slice(0, MOST).flatMap((group) => finding(group, recipients.length === 1 ? text : ''))
}

function finding(group: Record<string, string>, text: string): Finding[] {
  const action = group['action']!.toLowerCase()
  if (!/^(failed|delayed)/.test(action)) return []
  const diagnostic = (group['diagnostic-code'] ?? '').slice(0, LONGEST).replace(/^[\w-]{1,30} *; */, '')
  const given = /[245]\.\d{1,3}\.\d{1,3}/.exec(group['status'] ?? '')?.[0] ?? null
  const words = wordsOf(diagnostic || `${group['status'] ?? ''} ${text.slice(0, LONGEST)}`)
  const address = addressIn(group['original-recipient']) ?? addressIn(group['final-recipient'])
  const about = { words, ...(address && { address }) }
  if (action.startsWith('delayed')) return [{ kind: 'delayed', status: given, ...about }]
  return [{ ...judged(given, diagnostic || text.slice(0, LONGEST)), ...about }]
}
