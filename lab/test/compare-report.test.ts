import { describe, expect, test } from 'vitest'
import type { ComparisonResult } from '../compare/comparison-result.ts'
import { figures } from '../compare/figures.ts'
import { figureTable } from '../compare/report/figure-table.ts'
import { figureFindings, subjectFindings } from '../compare/report/findings.ts'
import { htmlReport } from '../compare/report/html-report.ts'
import { markdownReport } from '../compare/report/markdown-report.ts'
import { notes } from '../compare/report/notes.ts'
import { readmeTable } from '../compare/report/readme-table.ts'
import { terminalReport } from '../compare/report/terminal-report.ts'
import { comparison, subjectOf } from './comparison-fixture.ts'

const result = comparison()
const embedded = comparison({ rounds: 2, isEmbedded: true })
const forms = { terminalReport, markdownReport, htmlReport, readmeTable }
const allForms = Object.entries(forms).map(([name, form]) => ({ name, form }))

describe.each(allForms)('$name', ({ form }) => {
  test('says when, on what, of which commit and seed, and how to repeat it', () => {
    const text = form({ ...result, seed: 77 })
    const said = [
      '2026-11-23 10:20',
      'v20.20.2',
      'A processor, 2 cores',
      'abc1234',
      'npm run compare',
    ]
    expect(said.filter((each) => !text.includes(each))).toEqual([])
    expect(text).toMatch(/seed\D{0,20}77\b/)
  })

  test('names every subject', () => {
    const text = form(result)
    expect(result.subjects.filter(({ name }) => !text.includes(name))).toEqual([])
  })

  test('throws where a sample is missing', () => {
    const subjects = result.subjects.map((subject) => ({
      ...subject,
      records: { ...subject.records, mixed: subject.name === 'naive' ? [] : subject.records.mixed },
    }))
    expect(() => form({ ...result, subjects })).toThrow('expected samples of mixed')
  })

  test('says what cannot be measured without a server', () => {
    const text = form(embedded)
    const said = ['needs Redis', 'needs PostgreSQL', 'Embedded']
    expect(said.filter((each) => !text.includes(each))).toEqual([])
  })

  test('is the same of the same JSON', () => {
    const again = JSON.parse(JSON.stringify(embedded)) as ComparisonResult
    expect(form(again) === form(embedded)).toBe(true)
  })
})

test.each([
  ['full', result],
  ['embedded', embedded],
])('of a %s run no cell of any form is empty', (_, each) => {
  const { rows } = figureTable(each, figures)
  expect(rows.flatMap(({ cells }) => cells.filter(({ value }) => value === ''))).toEqual([])
  expect(rows.map(({ cells }) => cells.length)).toEqual(rows.map(() => figures.length))
  const page = htmlReport(each).replaceAll('<thead><tr><td></td>', '')
  expect(page.match(/<t[dh][^>]*>\s*<\/t[dh]>|\bNaN\b|\bundefined\b|Infinity/g)).toBe(null)
  const tables = `${markdownReport(each)}${readmeTable(each)}`
    .split('\n')
    .filter((line) => /^\| _?[a-z]+-/.test(line))
  expect(tables.length).toBeGreaterThan(40)
  expect(tables.filter((line) => /\|\s*\|/.test(line))).toEqual([])
})

describe('every figure', () => {
  test('has a column in the terminal, wrapped to fit', () => {
    const words = terminalReport(result).replace(/\s+/g, ' ')
    const missing = figures.filter(({ title }) =>
      title.split(' ').some((word) => !words.includes(word)),
    )
    expect(missing).toEqual([])
  })

  test('is in Markdown and in the page by its id, title and explanation', () => {
    const [page, markdown] = [htmlReport(result), markdownReport(result)]
    for (const { id, title, explanation } of figures) {
      const said = [title, explanation, `<code>${id}</code>`, `data-figure="${id}"`]
      expect(said.filter((each) => !page.includes(each))).toEqual([])
      const row = `| ${title} | \`${id}\` |`
      expect([row, explanation].filter((each) => !markdown.includes(each))).toEqual([])
    }
  })
})

describe('the terminal', () => {
  test.each([
    ['full', result],
    ['embedded', embedded],
  ])('shows a %s run in 100 columns', (_, each) => {
    const wide = terminalReport(each)
      .split('\n')
      .filter((line) => line.length > 100)
    expect(wide).toEqual([])
  })

  test('shows controls below a rule, and never tears a family apart', () => {
    const lines = terminalReport(result).split('\n')
    const rows = lines.map((line) => line.split(/\s/)[0])
    const control = rows.indexOf('no-cache', rows.indexOf('reads/s') + 1)
    expect(lines[control - 1]).toMatch(/^─+$/)
    expect(lines.some((line) => /hit p50.*hit p99.*hit p99\.9/.test(line))).toBe(true)
    expect(lines.some((line) => /miss p50.*miss p99.*miss p99\.9/.test(line))).toBe(true)
  })
})

describe('the page', () => {
  const page = htmlReport(result, { json: 'x.json' })

  test('fetches nothing, and runs no script', () => {
    expect(page).not.toMatch(/<script|<link rel="stylesheet"|<img|@import|url\(|src=/)
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !/^(#|data:,$|x\.json$)/.test(link))).toEqual([])
  })

  test('escapes what comes from elsewhere', () => {
    const workload = { ...result.workload, title: '<script>alert(1)</script>', notes: ['a & <b>'] }
    const machine = { ...result.machine, cpu: '"><img src=x>', command: 'npm run compare -- <x>' }
    const text = htmlReport({ ...result, workload, machine }, { json: '"onload="x.json' })
    expect(text).not.toMatch(/<script|<img|<x>|<b>[^\d]|"onload/)
    expect(text).toContain('a &#38; &#60;b&#62;')
  })

  test('says of every image what it shows, by ids that are its own', () => {
    const images = page.match(/<svg /g)?.length
    const titles = [
      ...page.matchAll(/<title id="([^"]+)">[^<]+<\/title><desc id="([^"]+)">[^<]+</g),
    ]
    expect(titles.length).toBe(images)
    expect(images).toBeGreaterThan(25)
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) < index)).toEqual([])
    const labels = [...page.matchAll(/aria-labelledby="([^"]+)"/g)].flatMap(([, text = '']) =>
      text.split(' '),
    )
    expect(labels.filter((label) => !ids.includes(label))).toEqual([])
  })

  test('has a paragraph below every chart', () => {
    const charts = page.match(/<figure[\s\S]*?<\/figure>/g) ?? []
    expect(charts.length).toBeGreaterThan(18)
    expect(charts.filter((chart) => !/<figcaption>[\s\S]*<p>[^<]{60,}/.test(chart))).toEqual([])
  })

  test('draws a line for each subject that has latencies, up to what ten exceeded', () => {
    const curve = page.match(/<svg[^>]*chart-curve-hit[\s\S]*?<\/svg>/)?.[0] ?? ''
    expect(curve.match(/class="curve /g)?.length).toBe(7)
    expect(curve).not.toContain('curve no-cache')
    expect(curve).toContain('99.9%')
    expect(curve).not.toContain('99.99%')
  })

  test('draws no chart of what nobody has', () => {
    expect(htmlReport(embedded)).not.toContain('chart-reads-redis-frozen')
    expect(page).toContain('chart-reads-redis-frozen')
  })
})

describe('findings', () => {
  const textOf = (all: readonly { of: string; text: string }[], name: string) =>
    all.find(({ of }) => of === name)?.text

  test('name who has most and least, and how many times as much, as computed', () => {
    const text = textOf(figureFindings(result), 'reads/s')
    expect(text).toMatch(
      /^Most: naive \([\d,]+\/s ±\d+ %\), 2\.\d+ times as much as the least\. Least: no-cache \(/,
    )
  })

  test('follow the data, not the names', () => {
    const swapped = result.subjects.map(({ name, records }) => ({
      name,
      records: name === 'naive' ? subjectOf(result, 'no-cache').records : records,
    }))
    const text = textOf(figureFindings({ ...result, subjects: swapped }), 'reads/s')
    expect(text).toMatch(/Least: (naive, no-cache|no-cache, naive) /)
  })

  test('say that there is no difference where there is none, and who has nothing to compare', () => {
    const text = textOf(figureFindings(embedded), 'reads answered, Redis frozen')
    expect(text).toBe('Not measured: needs Redis.')
    const services = result.subjects.slice(0, 5)
    const lost = textOf(
      figureFindings({ ...result, subjects: services }),
      'acknowledged writes lost',
    )
    expect(lost).toBe(
      'The same of all: cache-aside, read-through, write-through, write-behind, refresh-ahead (0).',
    )
    expect(textOf(figureFindings(result), 'hit p50')).toContain('Without: no-cache (no hits).')
  })

  test('name what a subject does clearly better and worse than all others', () => {
    const text = textOf(subjectFindings(result), 'naive-write-behind')
    expect(text).toMatch(/Clearly best: writes\/s;.*Clearly worst: acknowledged writes lost/)
    expect(textOf(subjectFindings(result), 'cache-aside')).toBe(
      'Clearly best: nowhere. Clearly worst: nowhere.',
    )
  })
})

describe('notes', () => {
  test('are none of a full run on a quiet machine', () => {
    expect(notes(result)).toEqual([])
  })

  test('warn of a quick run, a busy machine, changes, and what the workload leaves out', () => {
    const machine = { ...result.machine, load: 1.9, isChanged: true }
    const workload = { ...result.workload, notes: ['Values are cut.'] }
    expect(notes({ ...result, isQuick: true, machine, workload })).toEqual([
      expect.stringContaining('A quick run'),
      expect.stringContaining('load 1.9 on 2 cores'),
      expect.stringContaining('differ from the commit'),
      'Workload: Values are cut.',
    ])
  })

  test('count errors, and requests that the client sent too late', () => {
    const subjects = result.subjects.map(({ name, records }) => {
      const [first, ...others] = records.mixed
      if (name !== 'naive' || first === undefined) return { name, records }
      const { load } = first
      const kinds = {
        ...load.kinds,
        put: { ...load.kinds.put, errors: { '503': 1_200, TIMEOUT: 2 } },
      }
      const mixed = [{ ...first, load: { ...load, kinds, sentLate: load.requests } }, ...others]
      return { name, records: { ...records, mixed } }
    })
    expect(notes({ ...result, subjects })).toEqual([
      'naive: errors under mixed, which no figure of speed counts: 1,200 × 503, 2 × TIMEOUT.',
      expect.stringMatching(/^naive: 20\.0 % of the mixed load was sent more than 10 ms late/),
    ])
  })
})
