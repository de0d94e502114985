/** The frame of the console: who is signed in, the navigation, and the view that the URL names. */
import { useEffect, useState } from "hono/jsx/dom";
import { type Api, ApiError, createApi } from "./api.ts";
import { mayLeave } from "./components/leave-guard.ts";
import { Loading, Problem } from "./components/states.tsx";
import { problemOf, useData } from "./components/use-data.ts";
import { parseRoute, type Route, routeHash } from "./routes.ts";
import type { Operator } from "./shapes.ts";
import { SignIn } from "./sign-in.tsx";
import { VIEWS } from "./views.tsx";

type Session =
  | { readonly kind: "checking" }
  | { readonly kind: "failed"; readonly problem: string }
  | { readonly kind: "out"; readonly hasEnded: boolean }
  | { readonly kind: "in"; readonly operator: Operator };

export function App() {
  const [session, setSession] = useState<Session>({ kind: "checking" });
  const [isConnected, setConnected] = useState(true);
  const [api] = useState(() =>
    createApi((path, init) => fetch(path, init), {
      onSignedOut: () => setSession({ kind: "out", hasEnded: true }),
      onConnection: setConnected,
    }),
  );
  const check = async () => {
    setSession({ kind: "checking" });
    setSession(await sessionOf(api));
  };
  useEffect(() => void check(), []);

  switch (session.kind) {
    case "checking":
      return <Loading what="the console" />;
    case "failed":
      return <Problem text={session.problem} onRetry={() => void check()} />;
    case "out":
      return <SignIn api={api} hasEnded={session.hasEnded} onSignedIn={() => void check()} />;
    case "in":
      return (
        <SignedIn
          api={api}
          operator={session.operator}
          isConnected={isConnected}
          onSignedOut={() => setSession({ kind: "out", hasEnded: false })}
        />
      );
  }
}

async function sessionOf(api: Api): Promise<Session> {
  try {
    const operator = await api.operator();
    return operator.actor === null ? { kind: "out", hasEnded: false } : { kind: "in", operator };
  } catch (error) {
    // A cookie that has ended.
    if (error instanceof ApiError && error.status === 401) return { kind: "out", hasEnded: true };
    return { kind: "failed", problem: consoleProblem(error) };
  }
}

/** Without ADMIN_TOKEN there is nobody to sign in. */
const consoleProblem = (error: unknown) =>
  error instanceof ApiError && error.status === 404
    ? "This deployment has no admin API, because ADMIN_TOKEN is not set. Set it, and reload this page."
    : problemOf(error);

interface SignedInProps {
  readonly api: Api;
  readonly operator: Operator;
  readonly isConnected: boolean;
  readonly onSignedOut: () => void;
}

function SignedIn({ api, operator, isConnected, onSignedOut }: SignedInProps) {
  const route = useRoute();
  const [problem, setProblem] = useState<string | null>(null);
  const signOut = async () => {
    if (!mayLeave()) return;
    try {
      await api.signOut();
      onSignedOut();
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  const View = VIEWS.find(({ name }) => name === route.view)?.View;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <header class="bar">
        <a class="brand" href={routeHash("overview")}>
          <img src="/static/icon.svg" alt="" width="24" height="24" />
          Postern
        </a>
        <nav aria-label="Views">
          {VIEWS.map(({ name, title }) => (
            <a href={routeHash(name)} aria-current={name === route.view ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="who">
          {operator.actor === "token" ? null : <span class="who-name">{operator.actor}</span>}
          {operator.expires_at === null ? null : (
            <button type="button" class="button button-quiet" onClick={() => void signOut()}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <main id="main" tabindex={-1}>
        {isConnected ? null : <Unreachable api={api} />}
        {problem === null ? null : <Problem text={problem} />}
        {View === undefined ? (
          <Problem text="There is no such view. Choose one above." />
        ) : (
          <View key={route.view} api={api} route={route} />
        )}
      </main>
    </>
  );
}

const RETRY_MS = 3_000;

/** Tries again by itself: not every view reads anything by itself. */
function Unreachable({ api }: { api: Api }) {
  useData("connection", (signal) => api.operator(signal), RETRY_MS);
  return (
    <p class="notice notice-bad" role="alert">
      Postern cannot be reached. The page tries again by itself.
    </p>
  );
}

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    let shown = location.hash;
    const onChange = () => {
      if (mayLeave()) {
        shown = location.hash;
        setHash(shown);
      } else {
        // The URL has changed already, which no event prevents.
        history.replaceState(null, "", shown || location.pathname);
      }
    };
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return parseRoute(hash);
}
