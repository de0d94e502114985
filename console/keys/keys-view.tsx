/** API keys. */
import { PageHead } from "../components/page.tsx";
import type { ViewProps } from "../view.ts";

export const KeysView = (_: ViewProps) => <PageHead title="Keys" />;
