import { Failure } from '../replay/failure.ts'
import type { AdviceResult } from './advice-result.ts'
import { rankingOf } from './ranking.ts'
import { verdictsOf } from './verdict.ts'

/** The result as JSON, and beside the samples what became of them: `answer`. */
export function keptResult(result: AdviceResult): string {
  const verdicts = verdictsOf(result)
  const ranking = rankingOf(verdicts, result.settings.rounds)
  const answer = {
    verdicts: verdicts.map(({ name, outcome, findings }) => ({ name, outcome, findings })),
    ranking: ranking.map(({ name, rank, figures }) => ({
      name,
      rank,
      meanWaitMs: figures.meanWaitMs,
    })),
  }
  return `${JSON.stringify({ ...result, answer }, null, 1)}\n`
}

/** What was kept, without the answer: that is made anew. Throws a `Failure` for what is no such file. */
export function readResult(text: string, file: string): AdviceResult {
  const refuse = (why: string) =>
    new Failure(`--from: expected what --json wrote, ${JSON.stringify(file)} ${why}`)
  let kept: Partial<AdviceResult & { readonly answer: unknown }>
  try {
    kept = JSON.parse(text)
  } catch (error) {
    throw refuse(`is no JSON (${(error as Error).message})`)
  }
  const { answer: _, ...result } = kept
  if (!Array.isArray(result.patterns) || result.settings === undefined)
    throw refuse('has no samples')
  return result as AdviceResult
}
