import { InvalidArgumentError } from '../contract/errors.ts'

// PostgreSQL cuts longer names without an error: two of them could become one.
const maxIdentifierBytes = 63

/** A name as SQL: quoted, so that any text is a name and nothing else. `what` names the option in the error. */
export function identifier(name: unknown, what: string): string {
  const isName =
    typeof name === 'string' &&
    name !== '' &&
    !name.includes('\0') &&
    Buffer.byteLength(name) <= maxIdentifierBytes
  if (!isName) {
    throw new InvalidArgumentError(what, `a name of 1 to ${maxIdentifierBytes} bytes`, name)
  }
  return `"${name.replaceAll('"', '""')}"`
}

/** Text as an SQL literal. */
export function literal(text: string): string {
  const quoted = text.replaceAll("'", "''")
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}

/** An array as the text that PostgreSQL reads for one. */
export function arrayText(items: readonly (string | number | null)[]): string {
  return `{${items.map((item) => (typeof item === 'string' ? quotedItem(item) : String(item))).join(',')}}`
}

function quotedItem(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
