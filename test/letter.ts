import { simpleParser } from 'mailparser'
import { expect } from 'vitest'
import type { Instant } from '../db/instant.ts'
import { email } from '../src/address.ts'
import * as letters from '../src/letters/index.ts'

export const TOKEN = 'AbCdEfGhIjKlMnOpQrStUvWxYz-_09'
export const PREFERENCES = '09-_zYxWvUtSrQpOnMlKjIhGfEdCbA'
export const TOKENS = { unsubscribe: TOKEN, preferences: PREFERENCES }
export const AT = Date.parse('2026-11-23T04:10:00Z') as Instant

export const paper: letters.Paper = {
  name: 'تركيا الآن',
  tagline: 'أخبار تركيا بالعربية',
  accent: '#9b1c1c',
  postal_address: 'شارع الاستقلال 12، إسطنبول',
  zone: 'Europe/Istanbul',
  url: 'https://news.example',
}

export function story(values: Partial<letters.LetterStory> = {}): letters.LetterStory {
  return {
    title: 'الاقتصاد التركي ينمو 3.7 بالمئة في الربع الثالث',
    excerpt: 'حقق الاقتصاد التركي نموًا بنسبة 3.7 بالمئة على أساس سنوي خلال الربع الثالث من العام…',
    url: 'https://news.example/r/q7c2m9x4',
    language: 'ar',
    section: 'اقتصاد',
    published_at: AT,
    ...values,
  }
}

export function letter(values: Partial<letters.EditionLetter> = {}): letters.EditionLetter {
  const { stories = [story()], headlines = [], more = 0 } = values
  return {
    paper,
    digest: { title: 'نشرة الصباح' },
    list: { title: 'نشرة الصباح' },
    language: 'ar',
    day: Temporal.PlainDate.from('2026-11-23'),
    stories,
    headlines,
    more,
    total: stories.length + headlines.length + more,
    webUrl: 'https://news.example/editions/morning/2026-11-23',
    reason: 'list',
    publicUrl: 'https://news.example',
    ...values,
  }
}

export const shared: letters.Shared = {
  from: { name: 'تركيا الآن', address: email('news@news.example') },
  replyTo: { name: 'The desk', address: email('desk@news.example') },
  listId: { id: 'morning.news.example', title: 'نشرة الصباح' },
  feedbackId: 'e1:morning:morning:nashra',
  oneClick: true,
  publicUrl: 'https://news.example',
  boundary: '=_nashra_e1',
}

export function personal(values: Partial<letters.Personal> = {}): letters.Personal {
  const tokens = TOKENS
  return { to: email('reader@example.org'), messageId: 'e1.r1@news.example', date: AT, tokens, ...values }
}

export function wire(rendered: letters.Rendered, values: Partial<letters.Personal> = {}): string {
  return letters.splice(letters.fix(rendered, shared), personal(values)).toString('latin1')
}

export function parsed(source: string) {
  return simpleParser(Buffer.from(source, 'latin1'), {
    skipTextToHtml: true,
    skipHtmlToText: true,
    skipImageLinks: true,
    skipTextLinks: true,
  })
}

export function squeezed(text: string): string {
  return text.replace(/\s+/g, '')
}

/** What a browser would read: markup stripped, entities decoded, and not one bracket or quote left over from a broken tag. */
export function visible(html: string): string {
  const tag = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z:-]+(?:="[^"<>]*")?)*)\s*\/?>/gi
  const inner = html
    .replace(/<!doctype html>/i, '')
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<style[^>]*>[\s\S]*?<\/style>/g, '')
  const open: string[] = []
  const text = inner.replace(tag, (whole, closing: string, name: string) => {
    if (closing) expect(`${name} closes ${open.pop()}`).toBe(`${name} closes ${name}`)
    else if (!/^(br|hr|img|meta)$/.test(name) && !whole.endsWith('/>')) open.push(name)
    return ''
  })
  expect(open).toEqual([])
  expect(text).not.toMatch(/[<>]/)
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
}
