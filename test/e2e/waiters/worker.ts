/** Requests that wait for one another, as the requests of an isolate of Postern do. */
import { SharedWork } from "../../../src/platform/shared-work.ts";
import { Waiters } from "../../../src/platform/waiters.ts";

const waiters = new Waiters();
const shared = new SharedWork<number>();
let leaders = 0;
const sleep = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

export default {
  async fetch(
    request: Request,
    _: unknown,
    context: { waitUntil(work: Promise<unknown>): void },
  ): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const ms = Number(searchParams.get("ms"));
    if (pathname === "/size") return Response.json(waiters.size);
    if (pathname === "/wait") {
      const notified = await waiters.wait(ms);
      // A body can be read only in the context of the request that it came with, and so can a timer be set.
      const body = await request.text();
      await sleep(1);
      return Response.json({ notified, body });
    }
    if (pathname === "/leaders") return Response.json(leaders);
    if (pathname === "/share") {
      const options = {
        timeoutMs: 5_000,
        // The platform may stop the leader otherwise, when its client disconnects.
        waitUntil: (work: Promise<unknown>) => void context.waitUntil(work),
        now: Date.now,
      };
      const work = async () => {
        leaders += 1;
        await sleep(ms);
        return leaders;
      };
      const result = await shared.run("name", options, work);
      return Response.json({ result, body: await request.text() });
    }
    if (pathname === "/leave") {
      // Nothing keeps the request open: the platform stops its timers when it is answered.
      void sleep(ms).then(() => waiters.notifyAll());
      return Response.json("left");
    }
    await sleep(ms);
    if (pathname === "/fail") throw new Error("the leader failed");
    waiters.notifyAll();
    return Response.json("notified");
  },
};
