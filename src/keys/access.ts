/** What a caller may do, whichever credential it has: the stages behind authorization know nothing else of it. */
import type { KeyRecord, Scope } from "./record.ts";

/** A key's record is the access of its caller. */
export interface Access extends Pick<KeyRecord, "fields" | "organization_ids"> {
  readonly scopes: readonly Scope[];
  /** The only member that the caller may see; absent if it may see all members of its organizations. */
  readonly member_id?: string;
}
