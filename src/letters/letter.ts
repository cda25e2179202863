import type { Instant } from '../../db/instant.ts'

/** A rendered letter; html and text carry slots where the tokens of each reader go (see slots.ts). */
export type Rendered = { subject: string; html: string; text: string }

/** The paper as a letter shows it. */
export type Paper = {
  name: string
  tagline: string
  accent: string
  logo?: { url: string; width: number; height: number }
  postal_address: string
  zone: string
  url: string
}

/** A story as a letter shows it; `url` is the absolute short link, `picture` is shown for the lead only. */
export type LetterStory = {
  title: string
  excerpt: string
  url: string
  language: string
  section: string | null
  published_at: Instant
  picture?: { url: string; width: number; height: number; alt: string }
}

/** All that a digest's letter says. `stories` come newest first, `more` counts those that are not named at all. */
export type EditionLetter = {
  paper: Paper
  digest: { title: string }
  list: { title: string }
  language: string
  day: Temporal.PlainDate
  stories: LetterStory[]
  headlines: LetterStory[]
  more: number
  total: number
  webUrl: string
  reason: 'list'
  publicUrl: string
  /** Headlines alone: neither excerpts nor a picture. */
  bare?: boolean
}

/**
 * A letter to one address about its own subscription; nothing in a confirmation was typed by whoever asked for it. `own` are a
 * list's words for a welcome or goodbye, open for `{{name}}`, `{{list}}` and `{{paper}}`; `name` is the reader's.
 */
export type Notice = {
  kind: 'confirm' | 'welcome' | 'goodbye'
  own?: { subject: string; paragraphs: string[] }
  name?: string
  paper: Paper
  list: { title: string }
  language: string
  publicUrl: string
}

/**
 * A letter to the newsroom: how an edition went, in numbers of letters. `from` and `to` are when the first and the last were
 * submitted; `refusals` holds the servers' own words, without addresses.
 */
export type Report = {
  paper: Paper
  digest: { title: string }
  language: string
  day: Temporal.PlainDate
  webUrl: string
  recipients: number
  submitted: number
  refused: number
  skipped: number
  reasons: { reason: string; n: number }[]
  doubted: number
  from: Instant | null
  to: Instant | null
  refusals: { words: string; n: number }[]
}
