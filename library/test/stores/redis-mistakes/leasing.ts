import {
  acquireScript,
  fillScript,
  releaseScript,
} from '../../../src/stores/redis/scripts/leasing.ts'
import type { Mistakes } from './mistakes.ts'

export const leasingMistakes: readonly Mistakes[] = [
  {
    script: acquireScript,
    mistakes: [
      [
        "held ~= '' and held ~= mine",
        "held ~= ''",
        'acquire: sent again by its owner, it is acquired still, and for longer',
      ],
      [
        "held ~= '' and held ~= mine",
        "kind == 'V' or kind == 'N'",
        'acquire: of many at once, one gets the lease',
      ],
      [
        "held ~= '' and held ~= mine",
        "held ~= '' and kind ~= 'P'",
        'acquire: sent again by its owner, it is acquired still, and for longer',
      ],
      [
        "held ~= '' and held ~= mine",
        "held ~= '' and kind ~= 'N' and held ~= mine",
        'acquire: answers a negative entry that stands there',
      ],
      [
        "held ~= '' and held ~= mine",
        "held ~= '' and kind ~= 'L'",
        'acquire: of many at once, one gets the lease',
      ],
      [
        "'PX', ARGV[2])",
        "'PX', ARGV[2] * 1000)",
        'acquire: an expired lease goes to the next, and its former owner cannot fill',
      ],
      [
        "redis.call('SET', KEYS[1], mine, 'PX', ARGV[2])",
        '',
        'acquire: an absent key becomes a lease',
      ],
    ],
  },
  {
    script: fillScript,
    mistakes: [
      [
        "held ~= 'L' .. ARGV[8]",
        "kind ~= 'L'",
        'fill: a load that an invalidation overtook is refused, and the next owner is not disturbed',
      ],
      [
        "held ~= 'L' .. ARGV[8]",
        "held ~= '' and held ~= 'L' .. ARGV[8]",
        'fill: an absent key stays absent',
      ],
      [
        "held ~= 'L' .. ARGV[8]",
        "kind ~= 'V' and held ~= 'L' .. ARGV[8]",
        'fill: a value stays as it is',
      ],
      [
        "held ~= 'L' .. ARGV[8]",
        "kind ~= 'P' and held ~= 'L' .. ARGV[8]",
        'fill: marks are left alone',
      ],
      [
        "if ARGV[1] == 'N' then version = none end",
        '',
        'fill: my lease becomes a negative entry of version 0, whatever the version',
      ],
      [
        "  redis.call('DEL', KEYS[1])",
        '',
        'fill: without a lifetime it stores nothing, and the lease is gone',
      ],
      ['goneAt > now and', '', 'fill: without a lifetime it stores nothing, and the lease is gone'],
      [
        'goneAt = hardAt + ARGV[5]',
        'goneAt = hardAt',
        'get: a value is kept through its grace, and says that it has expired',
      ],
      [
        'local goneAt = hardAt',
        'local goneAt = hardAt + ARGV[5]',
        'get: a negative entry ends at its hard expiry, whatever the grace',
      ],
      [
        "'PXAT', digits(goneAt)",
        "'PXAT', digits(goneAt + 60000)",
        'get: a value without grace ends at its hard expiry',
      ],
      ['digits(now + ARGV[4])', 'digits(hardAt)', 'get: a value has its text, version and times'],
      ['.. ARGV[6] .. json', ".. '000000' .. json", 'get: a value has its text, version and times'],
    ],
  },
  {
    script: releaseScript,
    mistakes: [
      [
        "held == 'L' .. ARGV[1]",
        "kind == 'L'",
        'release: my lease goes, and a second time nothing does',
      ],
      [
        "held == 'L' .. ARGV[1]",
        "held == 'L' .. ARGV[1] or kind == 'P'",
        'release: values, negative entries and marks stay',
      ],
      [
        "held == 'L' .. ARGV[1]",
        "held == 'L' .. ARGV[1] or kind == 'V'",
        'release: values, negative entries and marks stay',
      ],
      ["redis.call('DEL', KEYS[1])", '', 'release: my lease goes, and a second time nothing does'],
    ],
  },
]
