import { describe, expect, it } from 'vitest';
import { LOG_LEVELS } from '../../../../src/lib/runtime/log-level.ts';
import { logLevelFromWire, logLevelToWire } from '../../../../src/lib/wire/convert/log-level.ts';
import { LogLevel } from '../../../../src/lib/wire/gen/spire/api/types/logger.ts';

describe('log levels', () => {
  it('come back from the wire as they were, and have the numbers of the API', () => {
    for (const level of LOG_LEVELS) expect(logLevelFromWire(logLevelToWire(level))).toBe(level);
    expect(new Set(LOG_LEVELS.map(logLevelToWire)).size).toBe(LOG_LEVELS.length);
    expect(LOG_LEVELS.map(logLevelToWire)).not.toContain(LogLevel.UNSPECIFIED);
    expect(logLevelToWire('warning')).toBe(LogLevel.WARN);
  });

  it('are refused when they say nothing', () => {
    expect(() => logLevelFromWire(LogLevel.UNSPECIFIED)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: 'newLevel value cannot be LogLevel_UNSPECIFIED',
      }),
    );
  });
});
