/** How a key gets to its caller: shown here, or by a link that shows it once. */
import { CopyButton } from "../components/copy-button.tsx";
import { Select } from "../components/field.tsx";
import { Section } from "../components/page.tsx";
import { Caution } from "../components/states.tsx";
import type { IssuedKey } from "../shapes.ts";

const CHOICES = [
  { value: "", label: "Show it here, once" },
  { value: "3600", label: "By a link that works for an hour" },
  { value: "86400", label: "By a link that works for a day" },
  { value: "604800", label: "By a link that works for 7 days" },
];

/** `value`: the seconds of the link as a text; empty to show the key. */
export const DeliveryField = ({
  value,
  onValue,
  problem,
}: {
  value: string;
  onValue: (value: string) => void;
  problem: string | null;
}) => (
  <Select
    label="Hand it over"
    name="delivery"
    hint="A link shows the key to whoever opens it first, and to nobody else."
    choices={CHOICES}
    value={value}
    problem={problem}
    onValue={onValue}
  />
);

export const handoverSecondsOf = (value: string) => (value === "" ? null : Number(value));

/** The key, or the link to it, until `onDone`: then neither is in the page any more. */
export const Issued = ({ issued, onDone }: { issued: IssuedKey; onDone: () => void }) =>
  issued.handover_url === undefined ? (
    <Section title={`The key of ${issued.name}`}>
      <Caution>Copy it now. It is shown this once, and Postern does not keep it.</Caution>
      <Secret text={issued.key ?? ""} what="the key" />
      <Done onDone={onDone} text="I have stored it" />
    </Section>
  ) : (
    <Section title={`A link to the key of ${issued.name}`}>
      <Caution>
        Send it to whoever is to have the key. It shows the key once, to whoever opens it first, and cannot be
        shown here again.
      </Caution>
      <Secret text={issued.handover_url} what="the link" />
      <Done onDone={onDone} text="I have sent it" />
    </Section>
  );

const Secret = ({ text, what }: { text: string; what: string }) => (
  <div class="secret">
    <code>{text}</code>
    <CopyButton text={text} what={what} />
  </div>
);

const Done = ({ text, onDone }: { text: string; onDone: () => void }) => (
  <button type="button" class="button" onClick={onDone}>
    {text}
  </button>
);
