import { html, type Markup } from '../html/markup.ts'

export interface Frame {
  /** Unique in the page. */
  readonly id: string
  readonly width: number
  readonly height: number
  readonly title: string
  /** What it shows, for who cannot see it. */
  readonly description: string
}

/** An image as wide as its box, which says in words what it shows. */
export function frame(frame: Frame, content: readonly Markup[]): Markup {
  const { id, width, height, title, description } = frame
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>
${content}</svg>`
}
