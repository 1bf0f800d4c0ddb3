import { abortScript, beginScript, endScript } from '../../../src/stores/redis/scripts/marking.ts'
import type { Mistakes } from './mistakes.ts'

export const markingMistakes: readonly Mistakes[] = [
  {
    script: beginScript,
    mistakes: [
      ["if kind == 'D' then return 0 end", '', 'begin: leaves a dirty value'],
      [
        "if kind == 'V' then max = string.sub(held, 2, 17) end",
        '',
        'begin: a value goes out of sight, and only a newer version may follow it',
      ],
      [
        "if kind == 'P' then max, alive = readMarks() end",
        '',
        'begin: joins the marks of others, and the last to end publishes',
      ],
      [
        'max, alive = readMarks() end',
        'local own own, alive = readMarks() end',
        'begin: drops an expired mark, whose writer may have committed: nobody publishes',
      ],
      ['without(alive, ARGV[1])', 'alive', 'begin: sent again, it renews the mark'],
      [
        'max = poison\n',
        'max = max\n',
        'begin: drops an expired mark, whose writer may have committed: nobody publishes',
      ],
      [
        'latest = math.max(latest, mark.deadline)',
        'latest = mark.deadline',
        'begin: keys are pending until the latest deadline',
      ],
      [
        'deadline = now + ARGV[2]',
        'deadline = now + 60000',
        'begin: drops an expired mark, whose writer may have committed: nobody publishes',
      ],
    ],
  },
  {
    script: endScript,
    mistakes: [
      [
        'if #others < #alive then lost = 0 end',
        '',
        'end: removes a published negative entry, older or newer',
      ],
      [
        'if #others < #alive then lost = 0 end',
        'lost = 0',
        "end: a stranger's token takes no mark away, and its version counts",
      ],
      [
        'if version > max then max = version end',
        '',
        'end: removes a published negative entry, older or newer',
      ],
      [
        'if version > max then max = version end',
        'max = version',
        'end: the last one does not publish what is older than another that ended',
      ],
      [
        'if #others > 0 then',
        'if #others > 0 and token == string.char(0) then',
        'end: the last one does not publish what is older than another that ended',
      ],
      [
        'writeMarks(max, others)',
        'writeMarks(none, others)',
        'end: the last one does not publish what is older than another that ended',
      ],
      [
        'writeMarks(max, others)',
        '',
        'end: the last one does not publish what is older than another that ended',
      ],
      [
        'if version == max and put',
        'if put',
        'end: the last one does not publish what is older than another that ended',
      ],
      [
        "redis.call('DEL', KEYS[1])\n    return { 'removed'",
        "return { 'removed'",
        'end: the last one does not publish what is older than another that ended',
      ],
      [
        'string.sub(held, 2, 17) < version',
        'string.sub(held, 2, 17) <= version',
        'end: leaves a value of the same version',
      ],
      [
        "kind == 'V' and string.sub(held, 2, 17) < version",
        "kind == 'V'",
        'end: leaves a value of the same version',
      ],
      [
        "if kind == 'V' and",
        "if (kind == 'V' or kind == 'N') and",
        "end: removes a reader's negative entry, which carries no version to compare with",
      ],
      [
        "if kind == 'V' and",
        "if kind == 'L' or kind == 'V' and",
        'end: removes a lease, whose loader may have read before the commit',
      ],
      [
        "if kind == 'V' and string",
        "if kind == '' or kind == 'V' and string",
        'end: publishes nothing onto an absent key, and a mark that should stand there is lost',
      ],
      [
        "if kind == 'V' or kind == 'D' then",
        "if kind == 'V' then",
        'end of a newer version: leaves a dirty value',
      ],
      [
        "if kind == 'V' or kind == 'D' then",
        "if kind ~= 'N' and kind ~= '' then",
        'end: removes a lease, whose loader may have read before the commit',
      ],
      [
        "if kind == 'V' or kind == 'D' then",
        "if kind ~= 'L' and kind ~= '' then",
        "end: removes a reader's negative entry, which carries no version to compare with",
      ],
      [
        'max = poison\n',
        'max = max\n',
        'end: drops an expired mark, whose writer may have committed: nobody publishes',
      ],
      [
        'tonumber(deadline) > now',
        'true',
        'end: drops an expired mark, whose writer may have committed: nobody publishes',
      ],
      [
        'latest = math.max(latest, mark.deadline)',
        'latest = now + 60000',
        'end: the key is pending no longer than the marks that are left',
      ],
    ],
  },
  {
    script: abortScript,
    mistakes: [
      [
        "if kind ~= 'P' then return 0 end",
        "if kind == 'L' then redis.call('DEL', KEYS[1]) end if kind ~= 'P' then return 0 end",
        'abort: a lease stays',
      ],
      [
        "if kind ~= 'P' then return 0 end",
        "if kind == 'V' then redis.call('DEL', KEYS[1]) end if kind ~= 'P' then return 0 end",
        'abort: values and negative entries stay',
      ],
      ['without(alive, ARGV[1])', 'alive', 'abort: the last mark leaves the key absent'],
      ['#others == 0', 'true', 'abort: the other marks stay, and may publish'],
      [
        'writeMarks(max, others)',
        'writeMarks(none, others)',
        'abort: an expired mark stays counted against the others',
      ],
      ['writeMarks(max, others)', '', 'abort: the other marks stay, and may publish'],
      ['max = poison\n', 'max = max\n', 'abort: an expired mark stays counted against the others'],
      ["  redis.call('DEL', KEYS[1])", '', 'abort: the last mark leaves the key absent'],
    ],
  },
]
