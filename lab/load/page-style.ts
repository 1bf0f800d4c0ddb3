/** How the page looks: light or dark as its reader has it, on a telephone or a desk. */
export const style = `
:root { color-scheme: light dark; --ground: #fff; --text: #1c2024; --quiet: #5d6670; --rule: #e1e5e9; --soft: #f4f6f8;
  --get: #2563c9; --put: #b45f06; --post: #1a7f5a; --delete: #9b3fa6; --error: #c62f2f }
@media (prefers-color-scheme: dark) { :root { --ground: #15181c; --text: #e4e8ec; --quiet: #98a2ad; --rule: #2c3238;
  --soft: #1e2328; --get: #6ea8fe; --put: #f0a04b; --post: #4cc695; --delete: #d58ae0; --error: #ff7b72 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1140px; margin: 0 auto; padding: 20px }
h1 { font-size: 24px; margin: 0 0 8px } h2 { font-size: 18px; margin: 28px 0 8px }
p { margin: 0 0 6px; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 10px; margin: 18px 0 }
dl div { background: var(--soft); border-radius: 8px; padding: 10px 14px }
dt { color: var(--quiet); font-size: 13px } dd { margin: 0; font-size: 22px; font-variant-numeric: tabular-nums }
ul { margin: 12px 0; padding-left: 20px; overflow-wrap: anywhere } .note { color: var(--quiet); font-size: 14px }
.warning { color: var(--error) }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule) }
th:first-child { text-align: left; padding-left: 0 } thead th { color: var(--quiet); font-weight: 500 }
tbody th { font-weight: 600 }
figure { margin: 28px 0 0 } figcaption { font-weight: 600 } small { color: var(--quiet); font-weight: 400 }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; padding: 0; margin: 4px 0; font-size: 14px }
.legend i { display: inline-block; width: 14px; height: 3px; margin-right: 6px; vertical-align: middle }
svg { display: block; width: 100%; height: auto } svg text { fill: var(--quiet); font-size: 12px }
.grid { stroke: var(--rule); fill: none } .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
svg.narrow { display: none }
@media (max-width: 640px) { main { padding: 16px } th, td { padding: 5px; font-size: 13px }
  :is(th, td):is(:nth-child(3), :nth-child(4), :nth-child(6), :nth-child(9)) { display: none } svg.wide { display: none } svg.narrow { display: block } }
`
