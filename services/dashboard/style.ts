/** The page's only style sheet; colours follow the reader's light or dark setting. */
export const style = `
:root { color-scheme: light dark;
  --page: light-dark(#f6f7f9, #14171c); --card: light-dark(#fff, #1d2128);
  --ink: light-dark(#1b2430, #e6e9ee); --soft: light-dark(#5c6876, #98a3b1);
  --line: light-dark(#e0e4ea, #2e343e); --mark: light-dark(#0b6bcb, #6cb2ff);
  --good: light-dark(#178a4c, #4cc38a) }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 76rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem }
h1 { margin: 0; font-size: 1.75rem; letter-spacing: -.02em }
h1 + p { margin: .25rem 0 2rem; color: var(--soft); max-width: 46rem }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)) }
article { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.1rem 1.25rem; display: flex; flex-direction: column; gap: .75rem }
header { display: flex; align-items: center; gap: .5rem }
h2 { margin: 0; font-size: 1.1rem }
header code { margin-left: auto; color: var(--soft) }
.state { width: .6rem; height: .6rem; border-radius: 50%; background: var(--line) }
[data-up="yes"] .state { background: var(--good) }
article p { margin: 0; color: var(--soft); font-size: .93rem; min-height: 2.8rem }
.note { color: var(--soft) }
.ratio { display: flex; align-items: baseline; gap: .5rem }
.ratio strong { font-size: 1.7rem; line-height: 1; font-variant-numeric: tabular-nums }
meter { width: 100%; height: .5rem }
dl { display: grid; grid-template-columns: 1fr auto 1fr auto; gap: .2rem .9rem; margin: 0; font-size: .88rem }
dt { color: var(--soft) } dd { margin: 0; text-align: right; font-variant-numeric: tabular-nums }
nav { display: flex; flex-wrap: wrap; gap: .25rem .9rem; border-top: 1px solid var(--line);
  padding-top: .7rem; font-size: .92rem }
a { color: var(--mark); text-decoration: none } a:hover, a:focus-visible { text-decoration: underline }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .85rem }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; line-height: 1.6; color: var(--ink) }
`
