/** Text that is HTML, or SVG, already: whatever had to be escaped in it is. */
export interface Markup {
  readonly markup: string
}

type Part = string | number | Markup | readonly Markup[] | undefined

/** A template of HTML whose parts are escaped, unless they are markup themselves. Undefined leaves nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const markup = texts.reduce((all, text, index) => all + partText(parts[index - 1]) + text)
  return { markup }
}

function partText(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'number') return String(Math.round(part * 100) / 100)
  if (typeof part === 'string')
    return part.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
  if ('markup' in part) return part.markup
  return part.map(({ markup }) => markup).join('')
}
