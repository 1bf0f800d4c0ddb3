import { embeddedStage } from './embedded-stage.ts'
import { openRealStage } from './real-stage.ts'
import type { Stage } from './stage.ts'

/** `real`: starts a Redis and a PostgreSQL, and rejects with a `Failure` where they are not installed. `embedded`: starts neither. */
export async function openStage({
  servers,
}: {
  readonly servers: 'real' | 'embedded'
}): Promise<Stage> {
  return servers === 'real' ? openRealStage() : embeddedStage()
}
