import type { Instant } from '../../db/instant.ts'
import { instant } from '../../db/instant.ts'
import { clockTime, direction, type MessageKey, shortDate } from '../locale.ts'
import { escaped } from '../text.ts'
import { LIGHT } from './colours.ts'
import { type Direction, directionOf, isolated, line, marked, side, words } from './direction.ts'
import { accent, framed } from './frame.ts'
import { button, masthead, row, STYLE } from './html.ts'
import type { Rendered, Report } from './letter.ts'
import { tidy } from './tidy.ts'

/** One line of the figures; `part` is a part of the one above. Isolates in place, not yet escaped. */
type Line = { label: string; value: string; part?: true }

const END = 'nashra site set --report-to ""'
const REASONS = ['left', 'paused', 'restored', 'superseded', 'suppressed', 'withdrawn'] as const

/** Renders what the newsroom is told of an edition that has gone out: numbers, never who. */
export function renderReport(report: Report): Rendered {
  const whole = { ...tidy(report), day: report.day }
  const dir = direction(whole.language)
  const lines = linesOf(whole)
  return { subject: subjectOf(whole, dir), html: html(whole, dir, lines), text: text(whole, dir, lines) }
}

function subjectOf({ language, digest, day, paper, submitted, refused }: Report, dir: Direction): string {
  const date = shortDate(instant(day.toZonedDateTime(paper.zone).toInstant()), paper.zone, language)
  const values = {
    digest: digest.title,
    date,
    submitted: number(language, submitted),
    refused: number(language, refused),
  }
  return line(words(language, 'letter.report-subject', values), dir)
}

function linesOf(report: Report): Line[] {
  const { language, paper, from, to, submitted } = report
  const said = (key: MessageKey, n: number): Line => ({ label: words(language, key), value: number(language, n) })
  const span = from !== null && to !== null ? spanOf(from, to, paper.zone, language) : undefined
  const rate = from !== null && to !== null && to > from ? submitted / ((to - from) / 1000) : undefined
  return [
    said('letter.report-recipients', report.recipients),
    said('letter.report-submitted', submitted),
    said('letter.report-refused', report.refused),
    said('letter.report-skipped', report.skipped),
    ...report.reasons.map(({ reason, n }): Line => ({ ...said(reasonKey(reason), n), part: true })),
    said('letter.report-doubted', report.doubted),
    ...(report.waiting > 0 ? [said('letter.report-waiting', report.waiting)] : []),
    ...(report.complaints > 0 ? [said('letter.report-complaints', report.complaints)] : []),
    ...(span
      ? [
          {
            label: words(language, 'letter.report-when'),
            value: words(language, 'letter.report-span', { ...span, zone: paper.zone }),
          },
        ]
      : []),
    ...(rate === undefined
      ? []
      : [
          {
            label: words(language, 'letter.report-rate'),
            value: words(language, 'letter.report-per-second', { rate: number(language, rate) }),
          },
        ]),
  ]
}

function reasonKey(reason: string): MessageKey {
  const known = REASONS.find((one) => one === reason)
  return `letter.report-skip-${known ?? 'other'}`
}

/** A count or a rate: whole from ten on, with a decimal below if it has one. */
function number(language: string, n: number): string {
  return new Intl.NumberFormat(`${language}-u-nu-latn`, { maximumFractionDigits: n < 10 ? 1 : 0 }).format(n)
}

/** From when to when; the day is said once where it is one. */
function spanOf(from: Instant, to: Instant, zone: string, language: string): { from: string; to: string } {
  const [first, last] = [shortDate(from, zone, language), shortDate(to, zone, language)]
  const end = clockTime(to, zone)
  return { from: `${first} ${clockTime(from, zone)}`, to: first === last ? end : `${last} ${end}` }
}

function html(report: Report, dir: Direction, lines: Line[]): string {
  const { language, paper, refusals, webUrl } = report
  const heading = (key: MessageKey) => `<h2 style="${STYLE.headline}">${marked(words(language, key))}</h2>`
  const title = `<h2 class="lead" style="${STYLE.lead}">${marked(words(language, 'letter.report-title'))}</h2>`
  const rule = { style: `padding:24px 0 0;border-top:3px double ${LIGHT.ink};`, class: 'ink strong' }
  const rows = [
    masthead(paper, dir),
    row(dir, `${title}<p class="grey" style="${STYLE.meta}">${marked(about(report, dir))}</p>`, rule),
    ...(report.held ? [row(dir, alarm(language), { style: 'padding:16px 0 0;', class: 'ink' })] : []),
    row(dir, figuresTable(dir, lines), { style: 'padding:16px 0 0;' }),
    ...(refusals.length > 0
      ? [row(dir, heading('letter.report-refusals'), { style: 'padding:24px 0 0;', class: 'ink' })]
      : []),
    ...(refusals.length > 0 ? [row(dir, refusalsTable(report, dir), { style: 'padding:0;' })] : []),
    row(dir, button(webUrl, marked(words(language, 'letter.report-page')), accent(paper.accent), true), {
      style: 'padding:24px 0 28px;',
    }),
  ]
  const preview = lines.slice(0, 4).map(({ label, value }) => `${label}: ${value}`)
  return framed(
    { language, accent: paper.accent },
    {
      title: escaped(words(language, 'letter.report-title')),
      preview: marked(preview.join(' · ')),
      top: '',
      rows: rows.join(''),
      foot: `<p class="grey" style="margin:0;">${marked(words(language, 'letter.report-why'))}</p><p dir="ltr" align="${side(dir)}" class="grey" style="margin:0 0 8px;direction:ltr;text-align:${side(dir)};">${escaped(END)}</p>`,
    },
  )
}

/** Why the rest of it is not sent. */
function alarm(language: string): string {
  return `<p class="ink" style="margin:0;font-size:16px;line-height:1.6;font-weight:700;color:${LIGHT.ink};">${marked(words(language, 'letter.report-held'))}</p>`
}

/** Which edition it is: the digest's name and its day. */
function about({ digest, day, language, paper }: Report, dir: Direction): string {
  const date = shortDate(instant(day.toZonedDateTime(paper.zone).toInstant()), paper.zone, language)
  return `${isolated(digest.title, dir)} · ${date}`
}

/** A table of figures, for the ear too: each row has its heading. */
function figuresTable(dir: Direction, lines: Line[]): string {
  const [start, end] = [side(dir), side(dir === 'rtl' ? 'ltr' : 'rtl')]
  const cell = `padding:8px 0;border-bottom:1px solid ${LIGHT.rule};font-size:16px;line-height:1.6;vertical-align:top;`
  const rows = lines.map(({ label, value, part }) => {
    const indent = part ? `padding-${start}:20px;font-size:14px;` : ''
    return `<tr><th class="grey rule" scope="row" dir="${dir}" align="${start}" style="${cell}${indent}direction:${dir};text-align:${start};font-weight:400;color:${LIGHT.grey};">${marked(label)}</th><td class="ink rule" dir="${dir}" align="${end}" style="${cell}${part ? 'font-size:14px;' : 'font-weight:700;'}direction:${dir};text-align:${end};color:${LIGHT.ink};">${marked(value)}</td></tr>`
  })
  return `<table dir="${dir}" width="100%" border="0" cellpadding="0" cellspacing="0" style="width:100%;border-collapse:collapse;direction:${dir};">${rows.join('\n')}</table>`
}

/** What servers said, each in its own direction beside how often it was said. */
function refusalsTable({ language, refusals }: Report, dir: Direction): string {
  const cell = 'padding:6px 0 0;font-size:15px;line-height:1.6;vertical-align:top;'
  const rows = refusals.map(({ words: said, n }) => {
    const own = directionOf(said) ?? dir
    return `<tr><th class="ink" scope="row" dir="${dir}" align="${side(dir)}" style="${cell}text-align:${side(dir)};white-space:nowrap;padding-${side(dir === 'rtl' ? 'ltr' : 'rtl')}:12px;color:${LIGHT.ink};">${number(language, n)} ×</th><td class="ink" dir="${own}" align="${side(own)}" style="${cell}direction:${own};text-align:${side(own)};word-break:break-word;color:${LIGHT.ink};" width="100%">${escaped(said)}</td></tr>`
  })
  return `<table dir="${dir}" width="100%" border="0" cellpadding="0" cellspacing="0" style="width:100%;border-collapse:collapse;direction:${dir};">${rows.join('\n')}</table>`
}

/** How often it was said, and what, in its own direction. */
function times(language: string, n: number, said: string): string {
  return `${number(language, n)} × ${isolated(said, direction(language))}`
}

function text(report: Report, dir: Direction, lines: Line[]): string {
  const { language, paper, refusals, webUrl } = report
  const said = (key: MessageKey) => line(words(language, key), dir)
  const blocks = [
    [line(paper.name, dir)],
    [said('letter.report-title'), line(about(report, dir), dir)],
    ...(report.held ? [[said('letter.report-held')]] : []),
    lines.map(({ label, value, part }) => line(`${part ? '– ' : ''}${label}: ${value}`, dir)),
    ...(refusals.length > 0
      ? [[said('letter.report-refusals'), ...refusals.map((one) => line(times(language, one.n, one.words), dir))]]
      : []),
    [said('letter.report-page'), webUrl],
    [said('letter.report-why'), line(END, 'ltr')],
  ]
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`
}
