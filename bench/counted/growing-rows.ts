/** Counts the rows that the objects of this isolate read and write, while it is told to. */

type Exec = (this: unknown, ...args: unknown[]) => SqlStorageCursor<Record<string, SqlStorageValue>>;
type Method = (this: unknown, ...args: unknown[]) => unknown;

let isCounting = false;
let cursors: ReturnType<Exec>[] = [];
let rowsRead = 0;
let rowsWritten = 0;
let isInstalled = false;

/** To be called in the constructor of each object whose rows may be counted. */
export function watchRows({ sql, kv }: DurableObjectStorage): void {
  if (isInstalled) return;
  isInstalled = true;
  const statements = Object.getPrototypeOf(sql) as { exec: Exec };
  const { exec } = statements;
  statements.exec = function (...args) {
    const cursor = exec.apply(this, args);
    if (isCounting) cursors.push(cursor);
    return cursor;
  };
  const values = Object.getPrototypeOf(kv) as Record<string, Method>;
  watch(values, "get", () => {
    rowsRead += 1;
  });
  watch(values, "put", () => {
    rowsWritten += 1;
  });
}

function watch(methods: Record<string, Method>, name: string, onCall: () => void): void {
  const method = methods[name];
  if (method === undefined) throw new Error(`Storage has no ${name}.`);
  methods[name] = function (...args) {
    if (isCounting) onCall();
    return method.apply(this, args);
  };
}

/** The rows that `run` reads and writes: those of SQL as SQLite counts them, and one for each call of KV storage. */
export async function countRows(
  run: () => unknown,
): Promise<{ readonly rowsRead: number; readonly rowsWritten: number }> {
  [cursors, rowsRead, rowsWritten] = [[], 0, 0];
  isCounting = true;
  try {
    await run();
  } finally {
    isCounting = false;
  }
  for (const cursor of cursors.splice(0)) {
    rowsRead += cursor.rowsRead;
    rowsWritten += cursor.rowsWritten;
  }
  return { rowsRead, rowsWritten };
}
