import type { FeedOptions } from 'feed'
import { escaped } from '../text.ts'
import type { Gone } from './entry.ts'
import type { Slots } from './slots.ts'

/** What stands above the entries; `links` beside the page's and the document's own. */
export type Head = {
  id: string
  title: string
  description: string
  link: string
  self: string
  links: Link[]
  language: string
  updated: Date
  author: { name: string; link: string }
  logo?: string
  gone: Gone[]
  /** Makes the raw document legible in a browser. */
  stylesheet?: string
}

export type Link = { rel: string; href: string; type?: string }

/** What all formats' writers are told of the head. */
export function headOptions(head: Head, slots: Slots): FeedOptions {
  return {
    id: slots.text(head.id),
    title: slots.text(head.title),
    ...(head.description && { description: slots.text(head.description) }),
    link: slots.text(head.link),
    ...(head.logo && { image: slots.text(head.logo) }),
    updated: head.updated,
    generator: 'Nashra',
  }
}

/** A skeleton with the sheet's instruction after its declaration. */
export function styled(skeleton: string, { stylesheet }: Pick<Head, 'stylesheet'>): string {
  if (!stylesheet) return skeleton
  return skeleton.replace('?>', () => `?>\n<?xml-stylesheet type="text/css" href="${escaped(stylesheet)}"?>`)
}
