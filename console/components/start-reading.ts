/** Reads something at once, and again every so often while somebody looks at the page. */

/** A `Document`. */
export interface VisiblePage {
  readonly visibilityState: string;
  addEventListener(type: "visibilitychange", listener: () => void): void;
  removeEventListener(type: "visibilitychange", listener: () => void): void;
}

export interface Reading<T> {
  load(signal: AbortSignal): Promise<T>;
  /** The pause between two reads; 0 for one read alone. */
  readonly refreshMs: number;
  onData(data: T): void;
  onError(error: unknown): void;
}

/**
 * Returns what ends it. The first read does not wait for somebody to look: a page that was opened in the background has
 * its data when they come. A new read ends the one under way, so that no earlier answer can follow a later one.
 */
export function startReading<T>(
  page: VisiblePage,
  { load, refreshMs, onData, onError }: Reading<T>,
): () => void {
  let current: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    current?.abort();
    clearTimeout(timer);
  };
  const read = async () => {
    end();
    const controller = new AbortController();
    current = controller;
    const { signal } = controller;
    try {
      const data = await load(signal);
      if (!signal.aborted) onData(data);
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    if (refreshMs > 0 && !signal.aborted) timer = setTimeout(readIfVisible, refreshMs);
  };
  const readIfVisible = () => {
    if (page.visibilityState === "visible") void read();
  };
  void read();
  if (refreshMs > 0) page.addEventListener("visibilitychange", readIfVisible);
  return () => {
    end();
    page.removeEventListener("visibilitychange", readIfVisible);
  };
}
