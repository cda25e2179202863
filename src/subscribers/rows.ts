import { addressHash, type Email } from '../address.ts'
import { languageTag, zoneName } from '../locale.ts'
import { Problem } from '../problem.ts'
import { oneLine } from '../text.ts'
import type { Row } from './csv.ts'
import { typedAddress } from './joining.ts'

/** A row that can be used; what it does not say is undefined. `copies` are later rows of the same address. */
export type Reader = {
  address: Email
  hash: string
  name?: string
  language?: string
  format?: string
  zone?: string
  copies: number
}

/** Why a row cannot be used. */
export type Reason = 'bad-address' | 'bad-language' | 'bad-format' | 'bad-zone' | 'bad-name' | 'control' | 'not-utf8'

const LONGEST_NAME = 200
const FORMATS: Record<string, string> = {
  html: 'html',
  headlines: 'headlines',
  text: 'text',
  plain: 'text',
  txt: 'text',
}

/** What other programs call a reader they do not write to; our own export says `pending`, `left` and `suppressed`. */
const NOT_READING = new Set([
  'pending', 'unconfirmed', 'left', 'unsubscribed', 'cancelled', 'inactive', 'disabled', 'suppressed', 'bounced', 'complained', 'blocklisted',
  'blacklisted', 'cleaned', 'spam',
]) // biome-ignore format: one list

/** Whether the row itself says that its address is not to be written to. */
export function isOut(row: Row): boolean {
  return NOT_READING.has((row.cells.state ?? '').trim().toLowerCase())
}

/** A reader of rows, which remembers the few languages and zones that a file repeats. */
export function rowReader(): (row: Row) => Reader | Reason {
  const language = remembered(languageTag)
  const zone = remembered(zoneName)
  return ({ cells }) => {
    const values = Object.values(cells)
    if (values.some((cell) => cell.includes('\ufffd'))) return 'not-utf8'
    if (values.some((cell) => /\p{Cc}/u.test(cell))) return 'control'
    const address = attempt(typedAddress, cells.email)
    if (!address) return 'bad-address'
    const name = oneLine(cells.name ?? '')
    if (name.length > LONGEST_NAME) return 'bad-name'
    const format = cells.format?.trim() ? FORMATS[cells.format.trim().toLowerCase()] : undefined
    if (cells.format?.trim() && !format) return 'bad-format'
    const spoken = attempt(language, cells.language)
    if (cells.language?.trim() && !spoken) return 'bad-language'
    const place = attempt(zone, cells.zone)
    if (cells.zone?.trim() && !place) return 'bad-zone'
    return {
      address,
      hash: addressHash(address),
      ...(name && { name }),
      ...(spoken && { language: spoken }),
      ...(format && { format }),
      ...(place && { zone: place }),
      copies: 0,
    }
  }
}

function attempt<T>(read: (text: string) => T, cell: string | undefined): T | undefined {
  if (!cell?.trim()) return undefined
  try {
    return read(cell)
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

function remembered<T>(read: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const value = known.get(text) ?? read(text)
    if (known.size < 1000) known.set(text, value)
    return value
  }
}
