/** The policy of members' sessions. */
import { PageHead } from "../components/page.tsx";
import type { ViewProps } from "../view.ts";

export const SessionsView = (_: ViewProps) => <PageHead title="Sessions" />;
