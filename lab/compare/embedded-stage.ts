import { serverFolder } from '@caching-patterns/local-servers'
import { Failure } from '../replay/failure.ts'
import type { SubjectParts } from './running-subject.ts'
import type { Stage, SubjectTerms } from './stage.ts'
import type { SubjectName } from './subject.ts'
import { subjectCommand } from './subject-command.ts'
import { SubjectsOnStage } from './subjects-on-stage.ts'

/** A stage without servers: cache and database of a subject are in its process, its data in a folder of its own. */
export function embeddedStage(): Stage {
  const subjects = new SubjectsOnStage()
  return {
    redis: undefined,
    postgres: undefined,
    countsStatements: 'processes',
    start: async (name, terms) => subjects.start(partsOf(name, terms)),
    stop: () => subjects.stop(),
  }
}

/** A database is made in it, which takes seconds, and longer on a machine that is busy. */
const startWithinMs = 120_000

function partsOf(name: SubjectName, terms: SubjectTerms): SubjectParts {
  if (terms.processes !== 1) {
    throw new Failure(`${name}: embedded, expected one process, received ${terms.processes}`)
  }
  const folder = serverFolder('disk')
  return {
    name,
    commands: [
      {
        ...subjectCommand(name, terms, { DATA_DIR: folder.path }),
        startWithinMs,
        // Should this process end first, its folder is removed when nobody writes there any more.
        onStart: (pid) => folder.note(pid, 'SIGKILL'),
      },
    ],
    statements: undefined,
    rows: undefined,
    close: async () => folder.remove(),
  }
}
