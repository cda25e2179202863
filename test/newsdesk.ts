import { expect } from 'vitest'
import * as articles from '../src/articles/index.ts'
import type { colleague, Desk } from './desk.ts'

export const ROOM = '/admin/articles'

/** What the editor's form holds when nothing is typed, and what is typed over it. */
export function sheet(typed: Record<string, string> = {}): FormData {
  const form = new FormData()
  const blank = { article: '', base: '', draft: '', version: '', language: 'ar', image: '', deed: 'publish' }
  for (const [name, value] of Object.entries({ ...blank, ...typed })) form.append(name, value)
  return form
}

export type Colleague = Awaited<ReturnType<typeof colleague>>

export async function written(who: Colleague, typed: Record<string, string>): Promise<string> {
  const answer = await who.send(`${ROOM}/save`, sheet(typed))
  const mistake = /id="mistake">([^<]+)/.exec(await answer.text())?.[1]
  expect([answer.status, mistake]).toEqual([303, undefined])
  return /\/admin\/articles\/([a-z0-9]+)\?/.exec(answer.headers.get('location')!)![1]!
}

export function found(desk: Desk, id: string) {
  return articles.find(desk.world.db, id)
}

/** The fields that an editor's page shows. */
export function fieldsOf(page: string): Record<string, string> {
  const plain = (text: string) =>
    text.replace(/&#(\d+);|&(amp|lt|gt|quot);/g, (_, code, name) =>
      code ? String.fromCharCode(Number(code)) : { amp: '&', lt: '<', gt: '>', quot: '"' }[name as 'amp']!,
    )
  const inputs = [...page.matchAll(/<input [^>]*>/g)].map(([tag]) => [
    tag,
    / name="([^"]+)"/.exec(tag)?.[1] ?? '',
    / value="([^"]*)"/.exec(tag)?.[1] ?? '',
  ])
  const areas = [...page.matchAll(/<textarea [^>]*name="([^"]+)"[^>]*>\n?([\s\S]*?)<\/textarea>/g)]
  const choices = [...page.matchAll(/<select [^>]*name="([^"]+)"[\s\S]*?<option value="([^"]*)" selected/g)]
  const all = [...inputs, ...areas, ...choices].map(([, name, value = '']) => [name!, plain(value)])
  return Object.fromEntries(
    all.filter(([name]) => !['picture', 'image_gone', 'alt', 'caption', 'link'].includes(name!)),
  )
}
