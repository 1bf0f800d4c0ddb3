import type { AdviceResult } from './advice-result.ts'
import { constraintsText } from './constraints-text.ts'
import { type ReplayFigures, replayFigures } from './pattern-figures.ts'
import { rankingOf } from './ranking.ts'
import { type Verdict, verdictsOf } from './verdict.ts'

interface Bar {
  readonly name: string
  readonly figures: ReplayFigures
  readonly kind: 'good' | 'out' | 'control'
  readonly verdict: string
}

interface Panel {
  readonly title: string
  readonly x: number
  readonly of: (figures: ReplayFigures) => { median: number; min: number; max: number }
}

const panels: readonly Panel[] = [
  { title: 'mean wait of a request, ms', x: 130, of: ({ meanWaitMs }) => meanWaitMs },
  {
    title: 'statements for 1,000 requests',
    x: 400,
    of: ({ statementsPerThousand }) => statementsPerThousand,
  },
]

const width = 1_000
const barWidth = 170
const top = 92
const rowHeight = 30

// Its own ground, so that it can be read on any page.
const style = `
    svg { font: 13px system-ui, sans-serif; --ground: #ffffff; --text: #1f2328; --soft: #59636e; --good: #1a7f5a; --out: #aab1b9; --line: #59636e }
    @media (prefers-color-scheme: dark) { svg { --ground: #0d1117; --text: #e6edf3; --soft: #9198a1; --good: #3fb184; --out: #4a525c; --line: #9198a1 } }
    .ground { fill: var(--ground) } text { fill: var(--text) } .soft { fill: var(--soft) } .title { font-weight: 600; font-size: 15px }
    .good { fill: var(--good) } .out, .control { fill: var(--out) } .range { stroke: var(--line); stroke-width: 1.5 }`

/** The answer as an SVG that needs nothing else, for light pages and dark ones: how long requests waited, and what that cost. */
export function pictureOf(result: AdviceResult): string {
  const bars = barsOf(result)
  const height = top + rowHeight * bars.length + 16
  const asked = constraintsText(result.constraints)
  const title = result.workload.title
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`${title}, ${asked}: ${bars.map(({ name, verdict }) => `${name} ${verdict}`).join('; ')}`)}">
  <style>${style}
  </style>
  <rect class="ground" width="${width}" height="${height}" rx="8"/>
  <text class="title" x="16" y="28">${escaped(title)}</text>
  <text class="soft" x="16" y="48">${escaped(asked)}</text>
${panels.map((panel) => panelSvg(panel, bars)).join('\n')}
${bars.map(labels).join('\n')}
</svg>
`
}

function barsOf(result: AdviceResult): Bar[] {
  const verdicts = verdictsOf(result)
  const ranking = rankingOf(verdicts, result.settings.rounds)
  const placed = [...ranking, ...verdicts.filter(({ outcome }) => outcome !== 'satisfies')]
  const noCache = replayFigures(result.noCache, result.settings)
  return [
    ...placed.map((verdict): Bar => {
      const rank = ranking.find(({ name }) => name === verdict.name)?.rank
      const kind = rank === undefined ? 'out' : 'good'
      const { name, figures } = verdict
      return {
        name,
        figures,
        kind,
        verdict: rank === undefined ? why(verdict) : `${rank}. satisfies`,
      }
    }),
    { name: 'no cache', figures: noCache, kind: 'control', verdict: 'for comparison' },
  ]
}

function why({ findings, outcome }: Verdict): string {
  const sought = outcome === 'undecided' ? 'undecided' : 'broken'
  const against = findings.filter((finding) => finding.outcome === sought)
  const verdict = outcome === 'undecided' ? 'not decided' : 'falls out'
  return `${verdict}: ${against.map(({ option }) => option.replace('--', '')).join(', ')}`
}

function panelSvg({ title, x, of }: Panel, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ figures }) => of(figures).max)) || 1
  const at = (value: number) => Number(((barWidth * value) / most).toFixed(1))
  return [
    `  <text class="soft" x="${x}" y="78">${title}</text>`,
    ...bars.map(({ figures, kind }, row) => {
      const { median, min, max } = of(figures)
      const y = top + rowHeight * row
      const middle = y + 9
      const label = x + Math.max(at(max), 1) + 6
      return `  <rect class="${kind}" x="${x}" y="${y}" width="${Math.max(at(median), 1)}" height="18" rx="2"/><line class="range" x1="${x + at(min)}" x2="${x + at(max)}" y1="${middle}" y2="${middle}"/><text class="soft" x="${label}" y="${y + 14}">${numberText(median)}</text>`
    }),
  ].join('\n')
}

function labels({ name, verdict, kind }: Bar, row: number): string {
  const y = top + rowHeight * row + 14
  return `  <text x="16" y="${y}">${name}</text><text class="${kind === 'good' ? '' : 'soft'}" x="650" y="${y}">${escaped(verdict)}</text>`
}

function numberText(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 1 : 2)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
