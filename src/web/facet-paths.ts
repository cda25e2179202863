import type { Story } from '../articles/index.ts'
import * as channels from '../channels.ts'
import * as links from '../links.ts'
import { fold } from '../text.ts'
import type { Paper } from './pages.ts'

/** Where more of a story's section is: the channel that is this section, else the section's own page; percent-encoded. */
export function sectionPath({ section_key }: Pick<Story, 'section_key'>, { channels: all }: Paper): string | undefined {
  if (!section_key) return undefined
  const channel = all.find((one) => {
    const { section, ...rest } = channels.filterOf(one)
    return section?.length === 1 && section[0] === section_key && Object.keys(rest).every((key) => key === 'language')
  })
  return channel ? links.channel('', channel.slug) : links.facet('', 'section', section_key)
}

/** Where more with this tag, or by this author, is; percent-encoded. */
export function labelPath(kind: 'tag' | 'author', name: string): string {
  return links.facet('', kind, fold(name) || name)
}
