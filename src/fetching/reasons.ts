import { Refusal } from './guard.ts'

/** How long a connection may take, and a whole answer with all its redirects, in ms. */
export const TO_CONNECT = 10_000
export const IN_ALL = 30_000

const REASONS: Record<string, string> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the host',
  UND_ERR_CONNECT_TIMEOUT: `no connection within ${TO_CONNECT / 1000} s`,
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the connection was cut before the end',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too long',
}

/** An error as a few English words, without what only an engineer wants; `patience` is how long was waited, in ms. */
export function reasonOf(error: unknown, patience = IN_ALL): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0], patience)
  if (!(error instanceof Error)) return String(error)
  if (error instanceof Refusal) return error.message
  if (error.name === 'TimeoutError') return `no whole answer within ${patience / 1000} s`
  if (error.name === 'AbortError') return 'we stopped'
  const code = (error as NodeJS.ErrnoException).code ?? error.name
  return REASONS[code] ?? `it did not speak as a web server does (${code})`
}
