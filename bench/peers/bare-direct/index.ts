/** The least that a Worker in front of Stytch can do: it asks Stytch with the secret and responds with its answer. */
interface Vars {
  readonly STYTCH_BASE_URL: string;
  readonly STYTCH_PROJECT_ID: string;
  readonly STYTCH_SECRET: string;
}

export default {
  async fetch(request: Request, vars: Vars): Promise<Response> {
    const { pathname } = new URL(request.url);
    const credential = btoa(`${vars.STYTCH_PROJECT_ID}:${vars.STYTCH_SECRET}`);
    const headers = { Authorization: `Basic ${credential}` };
    const answer = await fetch(vars.STYTCH_BASE_URL + pathname, { headers });
    return new Response(answer.body, {
      status: answer.status,
      headers: { "Content-Type": "application/json" },
    });
  },
};
