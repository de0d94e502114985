/** What the Directory tells of the whole deployment, for one scrape. */
import type { KeyStatuses } from "../directory/key-status-counts.ts";
import type { ReportReceipt } from "./metric-reports.ts";
import type { StoredSum } from "./metric-sum.ts";

export interface MetricsSnapshot extends Omit<StoredSum, "isolates"> {
  readonly keyStatuses: KeyStatuses;
  /** What became of the reports that came with the question. */
  readonly receipt: ReportReceipt | null;
}
