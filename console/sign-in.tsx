/** Signing in with the admin token, which the page forgets once it has the cookie. */
import { useState } from "hono/jsx/dom";
import type { Api } from "./api.ts";
import { ActionButton } from "./components/action-button.tsx";
import { TextField } from "./components/field.tsx";
import { PageHead } from "./components/page.tsx";
import { Problem } from "./components/states.tsx";
import { useAction } from "./components/use-action.ts";

/** `hasEnded`: somebody was signed in until now. */
export function SignIn({
  api,
  hasEnded,
  onSignedIn,
}: {
  api: Api;
  hasEnded: boolean;
  onSignedIn: () => void;
}) {
  const [token, setToken] = useState("");
  const { run, isRunning, problem } = useAction(async () => {
    await api.signIn(token.trim());
    setToken("");
    onSignedIn();
  });
  return (
    <main class="sign-in">
      <img src="/static/icon.svg" alt="" width="40" height="40" />
      <PageHead
        title="Sign in to Postern"
        focus="token"
        lead={hasEnded ? "Your sign-in has ended. Sign in again." : "The console of this deployment."}
      />
      <form
        class="panel"
        onSubmit={(event: Event) => {
          event.preventDefault();
          void run();
        }}
      >
        {problem === null ? null : <Problem text={problem} />}
        {/* Password managers keep the token under this name. */}
        <input type="text" name="username" autocomplete="username" value="postern" readonly hidden />
        <TextField
          label="Admin token"
          name="token"
          type="password"
          autocomplete="current-password"
          isRequired
          hint="The ADMIN_TOKEN of the deployment. This browser stays signed in for 12 hours."
          value={token}
          onValue={setToken}
        />
        <ActionButton tone="primary" isRunning={isRunning} running="Signing in…">
          Sign in
        </ActionButton>
      </form>
    </main>
  );
}
