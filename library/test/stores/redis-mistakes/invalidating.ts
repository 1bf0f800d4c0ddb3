import {
  invalidateScript,
  invalidateUpToScript,
} from '../../../src/stores/redis/scripts/invalidating.ts'
import type { Mistakes } from './mistakes.ts'

export const invalidatingMistakes: readonly Mistakes[] = [
  {
    script: invalidateScript,
    mistakes: [
      [
        "redis.call('SETRANGE', KEYS[1], 1, poison)",
        "redis.call('DEL', KEYS[1])",
        'invalidate: marks stay, and nobody publishes',
      ],
      [
        "redis.call('SETRANGE', KEYS[1], 1, poison)",
        '',
        'invalidate: marks stay, and nobody publishes',
      ],
      [
        "redis.call('SETRANGE', KEYS[1], 1, poison)",
        "redis.call('SET', KEYS[1], 'P' .. poison .. string.sub(held, 18))",
        'invalidate: poisoned marks end at their deadline like others',
      ],
      [
        "kind ~= 'D'",
        "kind ~= 'D' and kind ~= 'L'",
        'invalidate: a lease goes, and its loader cannot fill',
      ],
      ["kind ~= 'D'", "kind ~= 'D' and kind ~= 'N'", 'invalidate: a negative entry goes'],
      ["kind ~= 'D'", 'true', 'invalidate: leaves a dirty value'],
    ],
  },
  {
    script: invalidateUpToScript,
    mistakes: [
      ['< ARGV[1]', '<= ARGV[1]', 'invalidateUpTo: a value of that version, or a newer one, stays'],
      [
        'if isOlder then redis',
        'if true then redis',
        'invalidateUpTo: under marks an older version does not lower what may be published',
      ],
      [
        "redis.call('SETRANGE', KEYS[1], 1, ARGV[1])",
        '',
        'invalidateUpTo: under marks nothing older is published',
      ],
      [
        "redis.call('SETRANGE', KEYS[1], 1, ARGV[1])",
        "redis.call('DEL', KEYS[1])",
        'invalidateUpTo: under marks nothing older is published',
      ],
      [
        "(kind ~= 'V' or isOlder)",
        'isOlder',
        'invalidateUpTo: a negative entry goes, whatever its version',
      ],
      [
        "(kind ~= 'V' or isOlder)",
        "(kind == 'N' or isOlder)",
        'invalidateUpTo: a lease goes, and its loader cannot fill',
      ],
      [
        "(kind ~= 'V' or isOlder)",
        'true',
        'invalidateUpTo: a value of that version, or a newer one, stays',
      ],
      ["kind ~= 'D' and", '', 'invalidateUpTo a newer version: leaves a dirty value'],
    ],
  },
]
