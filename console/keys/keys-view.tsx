/** API keys: the list, one key, and a new one, by the URL. */
import type { ViewProps } from "../view.ts";
import { EditKey } from "./edit-key.tsx";
import { KeyList } from "./key-list.tsx";
import { KeyPage } from "./key-page.tsx";
import { NewKey } from "./new-key.tsx";

/** The place of the form for a new key: no ID of a key is so short. */
export const NEW = "new";

export function KeysView({ api, route }: ViewProps) {
  if (route.id === null) return <KeyList api={api} route={route} />;
  if (route.id === NEW) return <NewKey api={api} />;
  if (route.query.has("edit")) return <EditKey key={route.id} api={api} keyId={route.id} />;
  return <KeyPage key={route.id} api={api} keyId={route.id} route={route} />;
}
