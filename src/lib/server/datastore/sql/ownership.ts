/**
 * What to say of a database whose tables are not ours. SPIRE's are told by their names.
 *
 * @param remedy what to do, beside bringing the contents over
 */
export function whyForeign(tables: ReadonlySet<string>, remedy: string): string {
  return tables.has('migrations') && tables.has('registered_entries')
    ? `belongs to a SPIRE server and was left untouched: ${remedy}, and bring its contents over with "spirekit server import"`
    : `is a database of another program and was left untouched: ${remedy}`;
}
