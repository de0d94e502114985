/** The SQL of an object's storage, by Node's own SQLite. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { MetricStore } from "../../src/metrics/metric-store.ts";

export interface NodeSql {
  readonly storage: ConstructorParameters<typeof MetricStore>[0];
  /** How many rows were written. */
  rowsWritten(): number;
}

export function createNodeSql(): NodeSql {
  const database = new DatabaseSync(":memory:");
  /** By their SQL: they are few, and run thousands of times. */
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  let written = 0;
  const exec = (sql: string, ...values: (string | number)[]) => {
    if (values.length === 0 && !/^\s*SELECT/i.test(sql)) {
      database.exec(sql);
      return { toArray: () => [] };
    }
    const statement = prepare(sql);
    if (/^\s*SELECT/i.test(sql)) return { toArray: () => statement.all(...values) };
    written += Number(statement.run(...values).changes);
    return { toArray: () => [] };
  };
  return { storage: { sql: { exec } } as unknown as NodeSql["storage"], rowsWritten: () => written };
}
