import type { Spread } from '../bench/spread.ts'
import { allowed } from './allowed.ts'
import type { Candidate } from './candidate.ts'
import type { Constraints } from './constraints.ts'
import { durationText } from './duration-text.ts'
import type { Finding } from './finding.ts'
import { killsText } from './kills-text.ts'
import { stalenessFinding } from './staleness-finding.ts'

/** More requests than this share may not fail, whatever was asked: a pattern that does not answer is quick. */
const mostFailed = 0.001

/** What each of the constraints that were given comes to; in their order. */
export function findingsOf(candidate: Candidate, constraints: Constraints): Finding[] {
  const { maxStalenessMs, mayLoseMs, dbBudget, maxLagMs, p99Ms } = constraints
  return [
    ...answersFinding(candidate),
    ...(maxStalenessMs === undefined ? [] : [stalenessFinding(candidate, maxStalenessMs)]),
    ...(mayLoseMs === undefined ? [] : [lossFinding(candidate, mayLoseMs)]),
    ...(dbBudget === undefined ? [] : [budgetFinding(candidate, dbBudget)]),
    ...(maxLagMs === undefined ? [] : [lagFinding(candidate, maxLagMs)]),
    ...(p99Ms === undefined ? [] : [p99Finding(candidate, p99Ms)]),
  ]
}

/** Says nothing of a pattern that answered all. */
function answersFinding({ figures: { requests, failed, failures } }: Candidate): Finding[] {
  if (failed === 0) return []
  const kinds = Object.entries(failures).map(([kind, times]) => `${kind}: ${times}`)
  const share = `${failed} of ${requests} requests failed (${kinds.join(', ')})`
  return failed <= mostFailed * requests
    ? [{ option: 'answers', outcome: 'holds', words: `${share}, at most one in a thousand` }]
    : [{ option: 'answers', outcome: 'broken', words: `${share}, more than one in a thousand` }]
}

function lossFinding({ name, figures: { crash }, servers }: Candidate, limitMs: number): Finding {
  const option = '--may-lose'
  const limit = limitMs === 0 ? '--may-lose none' : `--may-lose ${allowed(limitMs)}`
  if (crash === undefined) {
    return { option, outcome: 'undecided', words: `${limit}: what a kill loses was not measured` }
  }
  const { kills, acknowledged, lost } = crash
  const count = lost === 0 ? 'none' : String(lost)
  const figure = `${count} of ${acknowledged} acknowledged writes lost in ${killsText(kills)}`
  if (lost > 0 && limitMs > 0) {
    const words = `${limit}: ${figure}; of when they were is not known`
    return { option, outcome: 'undecided', words }
  }
  if (lost > 0) return { option, outcome: 'broken', words: `${limit}: ${figure}` }
  const power = name === 'write-behind' ? `; ${ofPower(servers)}` : ''
  return { option, outcome: 'holds', words: `${limit}: ${figure} (measured)${power}` }
}

/** What of the journal nobody can have failed here. */
function ofPower({ redis }: Candidate['servers']): string {
  return redis === undefined
    ? 'its journal is a file: a power failure takes up to 2 s unless JOURNAL_FSYNC=always (documented, not measured)'
    : 'its Redis had appendfsync always: with everysec a power failure takes up to 2 s (documented, not measured)'
}

function budgetFinding({ figures, settings }: Candidate, limit: number): Finding {
  const { median } = figures.statementsPerSecond
  const scaled =
    settings.speed === 1 ? '' : `, scaled down from a replay ${settings.speed} times as fast`
  const figure = `${range(figures.statementsPerSecond)} statements/s${scaled}`
  const words = `--db-budget ${limit}/s: the database was sent ${figure}`
  const option = '--db-budget'
  const closeness = close(figures.statementsPerSecond, limit)
  if (median <= limit) return { option, outcome: 'holds', words: words + closeness }
  const concession = { argument: `${option} ${Math.ceil(median)}`, factor: median / limit }
  return { option, outcome: 'broken', words: words + closeness, concession }
}

function lagFinding({ figures: { lag }, servers }: Candidate, limitMs: number): Finding {
  const option = '--max-lag'
  const limit = `${option} ${allowed(limitMs)}`
  if (lag === undefined) {
    const words = `${limit}: not measured${servers.postgres === undefined ? ', since without PostgreSQL only the service can ask its database' : ''}`
    return { option, outcome: 'undecided', words }
  }
  const { writes, maxMs } = lag
  const words = `${limit}: the database had each of ${writes} writes within ${durationText(maxMs)} of its acknowledgement`
  if (maxMs <= limitMs) return { option, outcome: 'holds', words }
  const concession = { argument: `${option} ${allowed(Math.ceil(maxMs))}`, factor: maxMs / limitMs }
  return { option, outcome: 'broken', words, concession }
}

function p99Finding({ figures: { reads, writes } }: Candidate, limitMs: number): Finding {
  const option = '--p99'
  const kinds = [
    { name: 'reads', p99Ms: reads?.p99Ms },
    { name: 'writes', p99Ms: writes?.p99Ms },
  ].flatMap(({ name, p99Ms }) => (p99Ms === undefined ? [] : [{ name, p99Ms }]))
  const figures = kinds.map(({ name, p99Ms }) => `${name} ${range(p99Ms)} ms`).join(', ')
  const closeness = kinds.map(({ p99Ms }) => close(p99Ms, limitMs)).find((words) => words !== '')
  const words = `${option} ${allowed(limitMs)}: ${figures || 'nothing was answered'}${closeness ?? ''}`
  const worst = Math.max(...kinds.map(({ p99Ms }) => p99Ms.median))
  if (kinds.length === 0) return { option, outcome: 'undecided', words }
  if (worst <= limitMs) return { option, outcome: 'holds', words }
  const concession = { argument: `${option} ${allowed(Math.ceil(worst))}`, factor: worst / limitMs }
  return { option, outcome: 'broken', words, concession }
}

/** The median, and between what the rounds lie. */
function range({ median, min, max }: Spread): string {
  const text = (value: number) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
  return min === max ? text(median) : `${text(median)} (${text(min)} to ${text(max)})`
}

function close({ min, max }: Spread, limit: number): string {
  return min <= limit && limit < max ? '; the rounds disagree, another run may judge otherwise' : ''
}
