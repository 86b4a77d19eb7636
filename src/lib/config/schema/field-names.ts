import type { Schema } from './schema.ts';

/** The keys that a block's schema reads; none for a schema of anything else. */
export function fieldNames({ shape }: Schema<unknown>): readonly string[] {
  return shape.kind === 'block' ? Object.keys(shape.fields) : [];
}
