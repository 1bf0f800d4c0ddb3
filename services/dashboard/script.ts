/** Runs in the browser: fills in each service's figures, and asks again two seconds later. */
export const script = `
const ms = (n) => n < 10 ? n.toFixed(2) + ' ms' : Math.round(n) + ' ms'
const count = (n) => n.toLocaleString('en')
const figures = (stats) => ({
  ratio: stats.reads.total ? (100 * stats.reads.hitRatio).toFixed(1) + ' %' : '–',
  reads: count(stats.reads.total), loads: count(stats.loads.total), writes: count(stats.writes.total),
  hit: ms(stats.latencyMs.hit.p50), miss: ms(stats.latencyMs.miss.p50),
  extra: stats.journal ? count(stats.journal.dirty)
    : stats.refreshes ? count(stats.refreshes.total) : count(stats.loads.joined),
})
function show({ name, stats }) {
  const card = document.getElementById(name)
  card.dataset.up = stats ? 'yes' : 'no'
  const shown = stats ? figures(stats) : {}
  for (const field of card.querySelectorAll('[data-figure]')) {
    field.textContent = shown[field.dataset.figure] ?? '–'
  }
  card.querySelector('meter').value = stats ? stats.reads.hitRatio : 0
  card.querySelector('.note').textContent = stats ? 'of reads are hits' : 'not running'
}
async function update() {
  try {
    const answer = await fetch('/api/stats')
    for (const service of await answer.json()) show(service)
  } catch {
    for (const card of document.querySelectorAll('article[id]')) show({ name: card.id, stats: null })
  }
  setTimeout(update, 2000)
}
update()
`
