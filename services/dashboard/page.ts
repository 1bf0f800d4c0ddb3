import type { PatternName } from '../http/port.ts'
import { promises } from '../ports.ts'
import { script } from './script.ts'
import { style } from './style.ts'

/** A card's service, at the address that the reader's browser can reach. */
export interface Card {
  readonly name: PatternName
  readonly url: string
}

/** The whole page, without anything to fetch but the figures. */
export function page(cards: readonly Card[]): string {
  const first = cards[0]?.url ?? ''
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>caching-patterns</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>caching-patterns</h1>
<p>Five services with one HTTP contract and the same users, each behind another caching pattern.
The figures are of this run, and live.</p>
<div class="cards">${cards.map(card).join('')}
<article>
<header><h2>Try it</h2></header>
<p>Watch <code>Cache-Status</code>: a miss, then a hit, then what the update left.</p>
<pre>curl -i ${first}/users/1

curl -i ${first}/users/1 \\
 -X PUT -H content-type:application/json \\
 -d '{"name":"Ada","email":"a@example.com"}'

npm run replay -- \\
 --trace lab/workloads/web07.txt.gz</pre>
</article>
</div>
</main>
<script>${script}</script>
</body>
</html>
`
}

/** The figure that only this pattern has, or else how often a read joined another's load. */
const extraFigure: Readonly<Record<PatternName, string>> = {
  'cache-aside': 'joined loads',
  'read-through': 'joined loads',
  'write-through': 'joined loads',
  'write-behind': 'unflushed',
  'refresh-ahead': 'refreshes',
}

function card({ name, url }: Card): string {
  const figures = [
    ['reads', 'reads'],
    ['hit, median', 'hit'],
    ['writes', 'writes'],
    ['miss, median', 'miss'],
    ['loads', 'loads'],
    [extraFigure[name], 'extra'],
  ]
  const rows = figures.map(([label, key]) => `<dt>${label}</dt><dd data-figure="${key}">–</dd>`)
  const links = ['/users/1', '/stats', '/docs', '/events', '/metrics']
  return `
<article id="${name}">
<header><span class="state"></span><h2>${name}</h2><code>:${new URL(url).port}</code></header>
<p>${sentence(promises[name])}</p>
<div><div class="ratio"><strong data-figure="ratio">–</strong><span class="note"></span></div>
<meter min="0" max="1" value="0" aria-label="hit ratio of ${name}"></meter></div>
<dl>${rows.join('')}</dl>
<nav>${links.map((path) => `<a href="${url}${path}">${path}</a>`).join('')}</nav>
</article>`
}

function sentence(promise: string): string {
  return `${promise[0]?.toUpperCase()}${promise.slice(1)}.`
}
