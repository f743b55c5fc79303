/**
 * The names of a literal table, in its order. The one cast for all tables: Object.keys does not know that a table has
 * no keys but those of its type.
 */
export function keysOf<Table extends object>(table: Table): readonly (keyof Table & string)[] {
  return Object.keys(table) as (keyof Table & string)[];
}
