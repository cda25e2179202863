import type { Verdict } from './verdict.ts'

/** A message that came in, as far as it matters: every text of it is cut to a length that is quickly judged. */
export type Message = {
  /** Who wrote it, as its From says; '' where there is none. */
  from: string
  subject: string
  /** Addresses that it came to, as its header says: those that servers wrote first. */
  to: string[]
  /** Fields of its header by their names in lower case, unfolded; of several the first. */
  header: Record<string, string>
  /** Its plain text, or what its HTML says. */
  text: string
  /** Reports and returned letters, in their order: their type in lower case and their text. */
  parts: Part[]
}

export type Part = { type: string; text: string }

/** What was made of a message, and the little of it that is needed after that. */
export type Judged = Pick<Message, 'from' | 'to' | 'header'> & { verdict: Verdict }
