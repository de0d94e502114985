/** What is shown in place of data that is not there. */
import type { Child } from "hono/jsx/dom";
import type { Loaded } from "./use-data.ts";

export const Loading = ({ what }: { what: string }) => (
  <p class="state" aria-busy="true">
    Loading {what}…
  </p>
);

export const Empty = ({ children }: { children: Child }) => <div class="state">{children}</div>;

/** Something went wrong, in a sentence. */
export const Problem = ({ text, onRetry }: { text: string; onRetry?: () => void }) => (
  <div class="notice notice-bad" role="alert">
    <p>{text}</p>
    {onRetry ? (
      <button type="button" class="button" onClick={onRetry}>
        Try again
      </button>
    ) : null}
  </div>
);

/** Something that the reader should weigh. */
export const Caution = ({ children }: { children: Child }) => <p class="notice notice-warn">{children}</p>;

/** What was asked for is done. It is not green: Postern does not say whether there was anything to do. */
export const Done = ({ children }: { children: Child }) => (
  <p class="notice" role="status">
    {children}
  </p>
);

/** The data once it is there, and before or instead of it, what is the matter. `what`: as in "Loading the keys…". */
export function WithData<T>({
  loaded,
  what,
  children,
}: {
  loaded: Loaded<T>;
  what: string;
  children: (data: T) => Child;
}) {
  const { data, problem, reload } = loaded;
  return (
    <>
      {problem === null ? null : (
        <Problem
          text={data === null ? problem : `${problem} What is below is from before that.`}
          onRetry={reload}
        />
      )}
      {data === null ? problem === null ? <Loading what={what} /> : null : children(data)}
    </>
  );
}
