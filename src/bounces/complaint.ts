import { wordsOf } from '../address.ts'
import { addressIn, groups } from './fields.ts'
import type { Message } from './message.ts'
import type { Finding } from './status.ts'

/** What feedback loops call a reader's "this is spam"; their other types are nothing that a reader did. */
const COMPLAINTS = ['abuse', 'fraud', 'virus', 'other', 'miscategorized']

/** A report of abuse (RFC 5965); empty when it reports something else, undefined when it is none. */
export function complaintIn({ parts }: Message): Finding[] | undefined {
  const report = parts.find(({ type }) => type === 'message/feedback-report')
  if (!report) return undefined
  const told = Object.assign({}, ...groups(report.text).reverse()) as Record<string, string>
  const type = (told['feedback-type'] ?? 'abuse').toLowerCase()
  const words = wordsOf(`${type} ${told['user-agent'] ?? ''}`)
  const address = addressIn(told['original-rcpt-to'])
  const about = { status: null, words, ...(address && { address }) }
  if (/^opt-?out/.test(type)) return [{ kind: 'leaving', ...about }]
  return COMPLAINTS.includes(type) ? [{ kind: 'complaint', ...about }] : []
}
