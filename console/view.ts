/** What every view gets. */
import type { Api } from "./api.ts";
import type { Route } from "./routes.ts";

export interface ViewProps {
  readonly api: Api;
  readonly route: Route;
}
