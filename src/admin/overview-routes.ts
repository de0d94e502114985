/** The admin API's overview of the whole deployment. */
import { getDirectory } from "../directory/directory-client.ts";
import { type AdminContext, projectId } from "./admin-context.ts";
import { callIdempotent } from "./object-calls.ts";
import { readQuery } from "./request.ts";
import { UsageQuery } from "./usage-query.ts";

/** Answers 200: one call of the Directory, which takes along what this isolate has counted. */
export async function showOverview(c: AdminContext): Promise<Response> {
  const { env, log, request, state } = c.env;
  const { hours } = readQuery(request, UsageQuery);
  const counted = state.metricReports.next(Date.now());
  const { overview, receipt } = await callIdempotent(
    log,
    "directory",
    () => getDirectory(env),
    async (directory) => await directory.overview(projectId(c), hours, counted),
  );
  if (counted !== null) state.metricReports.acknowledge(counted, receipt);
  return Response.json(overview);
}
