import type { LetterList, ListedLetter } from './admin.ts'

const columns: readonly (readonly [title: string, text: (letter: ListedLetter) => string])[] = [
  ['id', ({ id }) => String(id)],
  ['write', ({ operation }) => operation],
  ['at', ({ at }) => at],
  ['sqlstate', ({ sqlstate }) => sqlstate],
  ['tries', ({ attempts }) => String(attempts)],
  ['name', ({ name }) => name ?? '-'],
  ['email', ({ email }) => email ?? '-'],
  ['reason', ({ reason, supersededBy }) => (supersededBy === null ? '' : 'superseded: ') + reason],
]

/** Dead letters for people to read, one a line. */
export function tableOf({ total, deadLetters }: LetterList): string {
  if (deadLetters.length === 0) return 'no dead letters'
  const rows = [
    columns.map(([title]) => title),
    ...deadLetters.map((letter) => columns.map(([, text]) => printable(text(letter)))),
  ]
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => lengthOf(row[column]))))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)))
      .join('  ')
      .trimEnd(),
  )
  if (total > deadLetters.length) {
    lines.push(`... the oldest ${deadLetters.length} of ${total}`)
  }
  return lines.join('\n')
}

function lengthOf(cell = ''): number {
  return [...cell].length
}

/** A database's words may hold anything: nothing of it moves the cursor. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}
