import { claimRefreshScript, refreshScript } from '../../../src/stores/redis/scripts/refreshing.ts'
import type { Mistakes } from './mistakes.ts'

export const refreshingMistakes: readonly Mistakes[] = [
  {
    script: claimRefreshScript,
    mistakes: [
      ['<= now', '>= 0', 'claimRefresh: a value is claimed once, and says until when'],
      ['<= now', '== 0', 'claimRefresh: a claim that ran out may be taken again'],
      [
        ' or string.sub(held, 31, 43) ~= ARGV[1]',
        '',
        'claimRefresh: is refused for a soft expiry that no longer stands',
      ],
      [
        "redis.call('SETRANGE', KEYS[1], 56, digits(now + ARGV[2]))",
        '',
        'claimRefresh: a value is claimed once, and says until when',
      ],
      [
        "redis.call('SETRANGE', KEYS[1], 56, digits(now + ARGV[2]))",
        "redis.call('SET', KEYS[1], string.sub(held, 1, 56) .. digits(now + ARGV[2]) .. string.sub(held, 70))",
        'claimRefresh: a claim keeps no value longer than it would have lived',
      ],
    ],
  },
  {
    script: refreshScript,
    mistakes: [
      [
        "if kind ~= 'V' then",
        "if kind ~= 'V' and kind ~= 'N' then",
        'refresh: is refused on a negative entry, which may be a newer delete',
      ],
      [
        "if kind ~= 'V' then",
        "if kind ~= 'V' and held ~= '' then",
        'refresh: is refused on an absent key',
      ],
      [
        "if kind ~= 'V' then",
        "if kind ~= 'V' and kind ~= 'P' then",
        'refresh: is refused under marks, which stay',
      ],
      [
        "if kind ~= 'V' then",
        "if kind ~= 'V' and kind ~= 'D' then",
        'refresh to a newer version: leaves a dirty value',
      ],
      [
        'current ~= ARGV[8] or',
        '',
        'refresh: a row that is gone leaves a value of another version',
      ],
      [
        ' or (current == none and not isSame)',
        '',
        'refresh: without versions, the value that it started from is replaced, once',
      ],
      [
        ' and string.sub(held, 44, 56) == ARGV[10]',
        '',
        'refresh: without versions, both instants tell one entry from another',
      ],
      [
        'string.sub(held, 18, 30) == ARGV[9] and ',
        '',
        'refresh: without versions, both instants tell one entry from another',
      ],
      [
        'version > current or',
        'version >= current or',
        'refresh: the same version extends the value, and ends the claim',
      ],
      [
        ' and current == none and isSame)',
        ' and current == none)',
        'refresh: without versions, the value that it started from is replaced, once',
      ],
      [
        ' or (version == none and current == none and isSame)',
        '',
        'refresh: without versions, the value that it started from is replaced, once',
      ],
      [
        "if version < current or version == none then return 'refused' end",
        "if version == none then return 'refused' end",
        'refresh: an older version is refused, even to the one who claimed',
      ],
      [
        'version < current or version == none',
        'version < current',
        'refresh: without versions, the value that it started from is replaced, once',
      ],
      [
        'string.sub(held, 76)',
        'ARGV[7]',
        'refresh: the same version extends the value, and ends the claim',
      ],
      [
        '.. digits(0)',
        '.. string.sub(held, 57, 69)',
        'refresh: a newer version replaces the value, and ends the claim',
      ],
    ],
  },
]
