import type { Peer } from './peer.ts'

/** How each form is set up, as the rows of a Markdown table of a page in `docs`. */
export function configuration(peers: readonly Peer[]): string {
  const rows = peers.flatMap(({ name, forms, inProcess }) =>
    [...forms, ...inProcess].map(({ name: form, tiers, settings, sources }) =>
      row([name, form, tiers, settings, sources.map(link).join(', ')]),
    ),
  )
  return [row(['', '', 'entries in', 'settings', 'advised by']), row(Array(5).fill('---')), ...rows]
    .join('\n')
    .replaceAll('| --- ', '|---')
    .replaceAll('--- |', '---|')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function link(url: string): string {
  const words = url
    .split(/[/#]/)
    .at(-1)
    ?.replace(/\.\w+$/, '')
  return `[${words}](${url.replace(/^docs\//, '')})`
}
