import { expect } from 'vitest'
import { type ProblemCode, problemCodes } from '../../http/codes.ts'
import type { Answer } from './client.ts'

/** An answer that is a problem with this code, its status, and all that RFC 9457 and the contract ask of it. */
export function expectProblem(answer: Answer, code: ProblemCode): { readonly detail: string } {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const problem = JSON.parse(answer.text)
  const { status } = problemCodes[code]
  expect({ ...problem, answered: answer.status }).toMatchObject({ code, status, answered: status })
  expect(problem).toMatchObject({ type: 'about:blank', title: expect.any(String) })
  expect(problem.detail).toEqual(expect.any(String))
  if (status === 503 || status === 429) {
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/)
  }
  return problem
}
