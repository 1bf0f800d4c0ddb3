/** Rows of cells as a table of Markdown: the first row is its head, the first column to the left, all others as told. */
export function markdownTable(
  [head = [], ...rows]: readonly (readonly string[])[],
  align: 'left' | 'right',
): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`
  return [
    line(head),
    `|---|${(align === 'left' ? '---|' : '--:|').repeat(head.length - 1)}`,
    ...rows.map(line),
  ]
}

/** A `|` would end the cell, a `<` begin a tag. */
function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}
