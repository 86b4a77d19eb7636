import { SpirekitError } from '../runtime/errors.ts';

/**
 * Checks that a whole number fits the field of a message.
 *
 * @throws SpirekitError `invalid-argument`, in the words of SPIRE's checked cast
 */
export function toInt32(value: number, goType = 'int'): number {
  if ((value | 0) === value) return value;
  throw new SpirekitError('invalid-argument', `overflow converting ${goType}(${value}) to int32`);
}
