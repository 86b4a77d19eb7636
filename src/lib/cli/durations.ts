export { formatGoDuration, msToNanoseconds, nanosecondsToMs, parseGoDuration } from '../runtime/go-duration.ts';
