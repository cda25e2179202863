import type { Story } from '../articles/index.ts'
import * as links from '../links.ts'
import { say } from '../locale.ts'
import { nearest } from '../media.ts'
import { labelPath, sectionPath } from './facet-paths.ts'
import type { Paper } from './pages.ts'

/** Facts about a page in schema.org's words, as JSON-LD. */
export type Data = Record<string, unknown>

/** JSON that cannot leave the `<script>` around it, whatever it holds. */
export function embedded(data: Data): string {
  return JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** An article as search engines read it: a NewsArticle, and the way to it. */
export function described(paper: Paper, story: Story): Data {
  const address = links.article(paper.base, story)
  const section = sectionPath(story, paper)
  const path = [
    { name: say(paper.language, 'page.home'), item: `${paper.base}/` },
    ...(story.section && section ? [{ name: story.section, item: paper.base + section }] : []),
    { name: story.title, item: address },
  ]
  return {
    '@context': 'https://schema.org',
    '@graph': [
      newsArticle(paper, story, address),
      {
        '@type': 'BreadcrumbList',
        itemListElement: path.map((step, index) => ({ '@type': 'ListItem', position: index + 1, ...step })),
      },
    ],
  }
}

function newsArticle(paper: Paper, story: Story, address: string): Data {
  const { base, logo, site } = paper
  const picture = story.picture && nearest(story.picture, 1200)
  return {
    '@type': 'NewsArticle',
    mainEntityOfPage: address,
    headline: story.title,
    ...(story.excerpt && { description: story.excerpt }),
    inLanguage: story.language,
    datePublished: new Date(story.published_at).toISOString(),
    dateModified: new Date(story.updated_at).toISOString(),
    ...(story.section && { articleSection: story.section }),
    ...(story.tags.length > 0 && { keywords: story.tags }),
    ...(story.authors.length > 0 && {
      author: story.authors.map((name) => ({ '@type': 'Person', name, url: base + labelPath('author', name) })),
    }),
    ...(story.credit && { creditText: story.credit }),
    ...(picture ? { image: image(base, picture) } : story.image_url && { image: story.image_url }),
    publisher: {
      '@type': 'NewsMediaOrganization',
      name: site.name,
      url: `${base}/`,
      ...(logo && { logo: image(base, nearest(logo, 640)) }),
    },
  }
}

function image(base: string, variant: { file: string; width: number; height: number }): Data {
  const { width, height } = variant
  return { '@type': 'ImageObject', url: links.media(base, variant), width, height }
}
