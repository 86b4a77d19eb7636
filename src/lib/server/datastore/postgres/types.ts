import { SpirekitError } from '../../../runtime/errors.ts';

/** Object ids of the types that are not read as text. `select oid, typname from pg_type` */
const BOOL = 16;
const BYTEA = 17;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const OID = 26;

/**
 * How values of results are read: numbers as numbers, also those of 64 bits, since whatever is stored began as one; bytes as
 * bytes, and the rest as the text that it is.
 */
export const postgresTypes = {
  getTypeParser: (oid: number): ((text: string) => unknown) => {
    switch (oid) {
      case BOOL:
        return (text) => text === 't';
      case INT2:
      case INT4:
      case INT8:
      case OID:
        return Number;
      case BYTEA:
        return readBytes;
    }
    return (text) => text;
  },
};

/** The server writes bytes as `\x` and digits in hex, unless it is told otherwise. */
function readBytes(text: string): Uint8Array {
  if (!text.startsWith('\\x')) throw new SpirekitError('internal', 'bytea_output must be hex');
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}
