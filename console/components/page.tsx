/** The parts of which a view is made. */
import { type Child, useEffect, useId, useRef } from "hono/jsx/dom";

interface HeadProps {
  readonly title: string;
  readonly lead?: string;
  /** The name of a field that takes the focus in its place. */
  readonly focus?: string;
  readonly children?: Child;
}

/** The heading of a view. It takes the focus when the view appears, so that a screen reader says where one is. */
export function PageHead({ title, lead, focus, children }: HeadProps) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Postern`;
    const field = focus === undefined ? null : document.querySelector<HTMLElement>(`[name="${focus}"]`);
    (field ?? ref.current)?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [title]);
  return (
    <div class="page-head">
      <div>
        <h1 ref={ref} tabindex={-1}>
          {title}
        </h1>
        {lead ? <p class="lead">{lead}</p> : null}
      </div>
      {children === undefined ? null : <div class="page-actions">{children}</div>}
    </div>
  );
}

/** A titled part of a view. */
export function Section({ title, aside, children }: { title: string; aside?: Child; children: Child }) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {aside === undefined ? null : <div class="panel-aside">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

export interface Figure {
  readonly label: string;
  readonly value: string;
  /** What the figure is made of, in a few words. */
  readonly note?: string;
  readonly tone?: "good" | "warn" | "bad";
}

/** Figures as cards. */
export const Figures = ({ figures }: { figures: readonly Figure[] }) => (
  <dl class="figures">
    {figures.map(({ label, value, note, tone }) => (
      <div class={`figure ${tone ? `figure-${tone}` : ""}`}>
        <dt>{label}</dt>
        <dd>
          <span class="figure-value">{value}</span>
          {note ? <span class="figure-note">{note}</span> : null}
        </dd>
      </div>
    ))}
  </dl>
);

/** A word in a colour that says the same: good, warn, bad, or none. */
export const Badge = ({
  tone = "none",
  children,
}: {
  tone?: "good" | "warn" | "bad" | "none";
  children: Child;
}) => <span class={`badge badge-${tone}`}>{children}</span>;
