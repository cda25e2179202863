import type { Problem } from '../problem.ts'
import { escaped } from '../text.ts'
import { piece, type Token } from './markup.ts'
import { resolved } from './references.ts'
import { unreadable } from './unreadable.ts'

/** What an element holds: text with its references resolved, or HTML where tags stood in it unescaped. */
export type Leaf = { value: string; html: boolean; end: number }

/** How to read it: `ends` says which tag in it shows that it was never closed. */
export type Reading = {
  markup: boolean
  most: number
  depth: number
  ends: (token: Token) => boolean
  bare: () => void
}

export const DEEPEST = 200
const MOST_PIECES = 70_000
const VOID =
  /^(?:[\w.-]+:)?(?:br|img|hr|input|meta|link|area|base|col|embed|param|source|track|wbr|p|li|td|tr|th|dt|dd|option)$/i

/** Reads an element's content from behind its tag to behind its end tag, or to where it must have ended. */
export function leaf(text: string, open: Token & { name: string }, reading: Reading): Leaf {
  const found: Token[] = []
  let [at, letters, tags, depth, same] = [open.end, 0, 0, 0, 0]
  while (at < text.length) {
    const token = piece(text, at)
    if (token.kind === 'close' && token.name === open.name && same-- === 0) {
      at = token.end
      break
    }
    if (reading.ends(token)) break
    at = token.end
    if (token.kind === 'open') {
      tags++
      if (token.name === open.name && !token.empty) same++
      if (!token.empty && !VOID.test(token.name) && ++depth + reading.depth > DEEPEST) throw tooDeep()
    } else if (token.kind === 'close') depth = Math.max(0, depth - 1)
    letters += token.end - token.from
    const used = letters - (token.end - token.from) <= reading.most && found.length < MOST_PIECES
    if (used && token.kind !== 'comment' && token.kind !== 'declaration') found.push(token)
  }
  const html = tags > 0 && reading.markup
  const write = html ? asHtml : asText
  return { value: write(text, found, reading), html, end: at }
}

export function tooDeep(): Problem {
  return unreadable(`its elements are nested more than ${DEEPEST} deep`)
}

function asText(text: string, tokens: Token[], { most, bare }: Reading): string {
  let value = ''
  for (const { kind, inner, close } of tokens) {
    if (value.length >= most) break
    const piece = text.slice(inner, Math.min(close, inner + most))
    if (kind === 'cdata') value += piece
    else if (kind === 'text') value += resolved(piece, bare)
  }
  return value.length > most ? value.slice(0, most) : value
}

/** Tags without their prefixes, and `<p/>` as HTML wants it. */
function asHtml(text: string, tokens: Token[], { most }: Reading): string {
  let value = ''
  for (const token of tokens) {
    if (value.length >= most) break
    if (token.kind === 'cdata') value += escaped(text.slice(token.inner, Math.min(token.close, token.inner + most)))
    else if (token.kind === 'text') value += text.slice(token.from, Math.min(token.end, token.from + most))
    else if (token.kind === 'open' || token.kind === 'close') value += htmlTag(text, token)
  }
  return value
}

const LONGEST_TAG = 20_000

function htmlTag(text: string, token: Token & { name: string; empty: boolean }): string {
  const name = token.name.slice(token.name.lastIndexOf(':') + 1)
  if (token.kind === 'close') return `</${name}>`
  const rest = text.slice(token.inner, Math.min(token.close - (token.empty ? 1 : 0), token.inner + LONGEST_TAG))
  return token.empty && !VOID.test(name) ? `<${name}${rest}></${name}>` : `<${name}${rest}>`
}
