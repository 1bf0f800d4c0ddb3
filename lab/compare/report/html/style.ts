/** The page's only style sheet; colours follow the reader's light or dark setting. Lines of controls are dashed. */
export const style = `
:root { color-scheme: light dark;
  --page: light-dark(#f6f7f9, #14171c); --card: light-dark(#fff, #1d2128);
  --ink: light-dark(#1b2430, #e6e9ee); --soft: light-dark(#566270, #a3adba);
  --line: light-dark(#e0e4ea, #2e343e); --link: light-dark(#0b62ba, #6cb2ff);
  --note: light-dark(#fff4d6, #3a3117) }
.cache-aside { --own: light-dark(#0b6bcb, #6cb2ff) }
.read-through { --own: light-dark(#7d45ba, #c4a1ff) }
.write-through { --own: light-dark(#0a7d5a, #4cc38a) }
.write-behind { --own: light-dark(#c2410c, #ff9a5c) }
.refresh-ahead { --own: light-dark(#b01e6b, #ff8ac0) }
.no-cache { --own: light-dark(#59636f, #a8b1bd); --dash: 2 3 }
.naive { --own: light-dark(#59636f, #a8b1bd); --dash: 7 3 }
.naive-write-behind { --own: light-dark(#59636f, #a8b1bd); --dash: 9 3 2 3 }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 80rem; margin: 0 auto; padding: 2.5rem 1rem 3rem }
h1 { margin: 0 0 .5rem; font-size: 1.8rem; line-height: 1.2; letter-spacing: -.02em }
h2 { margin: 2.75rem 0 .75rem; font-size: 1.35rem; line-height: 1.3; letter-spacing: -.01em }
h3 { margin: 0 0 .5rem; font-size: 1rem; line-height: 1.35 }
p, ul { margin: 0 0 .75rem; max-width: 52rem }
ul { padding-left: 1.2rem } li { margin: 0 0 .5rem }
a { color: var(--link) }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 1rem 0 }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 1rem 0; align-content: start }
.facts dt { color: var(--soft) } .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere }
.note { background: var(--note); border-radius: .5rem; padding: .6rem .9rem }
.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)) }
figure { margin: 0; min-width: 0; background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1rem; display: flex; flex-direction: column }
figure.wide { grid-column: 1 / -1 }
figcaption { order: 2; margin-top: .6rem; font-size: .875rem; line-height: 1.5; color: var(--soft) }
figcaption p { margin: 0 0 .4rem } figcaption strong { color: var(--ink); font-weight: 600 }
.multiples { display: grid; gap: .75rem; grid-template-columns: 1fr 1fr }
@media (min-width: 60rem) {
  .multiples { grid-template-columns: repeat(4, 1fr) }
  figure.wide { display: grid; grid-template-columns: 2.2fr 1fr; column-gap: 1.5rem } figure.wide h3 { grid-column: 1 / -1 }
  figure.wide figcaption { margin-top: 0 }
  .beside { display: grid; grid-template-columns: 1fr 1fr; gap: 0 3rem }
  .findings { columns: 2; column-gap: 3rem; max-width: none } .findings li { break-inside: avoid } }
svg { display: block; width: 100%; height: auto; font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
.multiples svg { font-size: 12.5px }
svg text { fill: var(--ink); font-variant-numeric: tabular-nums }
svg .tick { fill: var(--soft); font-size: 11.5px } .multiples svg .tick { font-size: 11.5px }
svg .name { fill: var(--own); font-weight: 600 }
.grid { stroke: var(--line) } .track { stroke: var(--line) }
.bar { fill: var(--own); opacity: .35 } .median { stroke: var(--own); stroke-width: 2.5 }
.range { stroke: var(--own); stroke-width: 1.5 } .dot { fill: var(--own); opacity: .75 }
.mark { fill: var(--card); stroke: var(--own); stroke-width: 2 }
.curve { fill: none; stroke: var(--own); stroke-width: 1.8; stroke-dasharray: var(--dash); stroke-linejoin: round }
.leader { fill: none; stroke: var(--own); opacity: .5; stroke-dasharray: 1 2 }
.step { fill: none; stroke: var(--own); stroke-width: 1.5; opacity: .7 }
.scroll { overflow-x: auto; margin: 1rem 0; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; width: 100% }
th, td { padding: .45rem .75rem; text-align: right; white-space: nowrap; border-top: 1px solid var(--line) }
thead td { border-top: 0 } thead th { border-top: 0; vertical-align: bottom; white-space: normal; min-width: 6.5rem; color: var(--soft); font-weight: 600 }
tbody th { text-align: left; position: sticky; left: 0; background: var(--card); font-weight: 600; color: var(--own) }
tr.first-control > * { border-top: 2px solid var(--soft) } tr.control th { font-style: italic }
td small { color: var(--soft); font-size: .8rem } td b { font-weight: 700 }
.legend td, .legend th { text-align: left; white-space: normal; vertical-align: top }
.legend td:last-child { min-width: 18rem } .legend thead th { min-width: 0 } .legend code { white-space: nowrap }
`
