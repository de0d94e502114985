/** The views, in the order of the navigation. */
import type { FC } from "hono/jsx";
import { AuditView } from "./audit-view.tsx";
import { KeysView } from "./keys/keys-view.tsx";
import { OverviewView } from "./overview/overview-view.tsx";
import { PurgeView } from "./purge-view.tsx";
import { SessionsView } from "./sessions/sessions-view.tsx";
import type { ViewProps } from "./view.ts";

interface View {
  /** The first segment of its fragment. */
  readonly name: string;
  readonly title: string;
  readonly View: FC<ViewProps>;
}

export const VIEWS: readonly View[] = [
  { name: "overview", title: "Overview", View: OverviewView },
  { name: "keys", title: "Keys", View: KeysView },
  { name: "sessions", title: "Sessions", View: SessionsView },
  { name: "purge", title: "Purge", View: PurgeView },
  { name: "audit", title: "Audit", View: AuditView },
];
