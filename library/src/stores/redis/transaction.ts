/** What became of a command: its answer, its error, or that it was not executed, and will not be. */
export type Outcome =
  | { readonly status: 'fulfilled'; readonly value: unknown }
  | { readonly status: 'rejected'; readonly reason: unknown }
  | { readonly status: 'not-executed' }

const notExecuted: Outcome = { status: 'not-executed' }

/**
 * Sends commands in one transaction, all at once. Rejects when it is not known what became of
 * them. A server without transactions, or one that refuses them to this user, executes each by itself.
 */
export async function inTransaction(
  send: (command: readonly string[]) => Promise<unknown>,
  commands: readonly (readonly string[])[],
): Promise<readonly Outcome[]> {
  const sent = [['MULTI'], ...commands, ['EXEC']].map(send)
  const replies = await Promise.allSettled(sent)
  const queued = replies.slice(1, -1)
  const done = replies.at(-1) as PromiseSettledResult<unknown>
  if (done.status === 'fulfilled') {
    // null: somebody had put the connection under WATCH
    return Array.isArray(done.value) ? done.value.map(outcomeOf) : queued.map(() => notExecuted)
  }
  const { message = '' } = done.reason instanceof Error ? done.reason : {}
  // one of them was refused when it came, as all are in a transaction at `maxmemory`
  if (message.startsWith('EXECABORT')) return queued.map(() => notExecuted)
  if (!message.startsWith('ERR EXEC without MULTI')) throw done.reason
  return queued.map((reply) => {
    const wasQueued = reply.status === 'fulfilled' && reply.value === 'QUEUED'
    return wasQueued ? notExecuted : reply
  })
}

function outcomeOf(value: unknown): Outcome {
  return value instanceof Error
    ? { status: 'rejected', reason: value }
    : { status: 'fulfilled', value }
}
