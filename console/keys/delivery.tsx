/** How a key gets to its caller: shown here, or by a link that shows it once. */
import { CopyButton } from "../components/copy-button.tsx";
import { Select } from "../components/field.tsx";
import { useLeaveGuard } from "../components/leave-guard.ts";
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
    <Secret
      title={`The key of ${issued.name}`}
      caution="Copy it now. It is shown this once, and Postern does not keep it."
      text={issued.key ?? ""}
      what="the key"
      done="I have stored it"
      onDone={onDone}
    />
  ) : (
    <Secret
      title={`A link to the key of ${issued.name}`}
      caution="Send it to whoever is to have the key. It shows the key once, to whoever opens it first."
      text={issued.handover_url}
      what="the link"
      done="I have sent it"
      onDone={onDone}
    />
  );

/** `what`: as in "the key". It may still be on its way. */
export const leaveQuestion = (what: string) => `This page cannot show ${what} again. Leave it?`;

interface SecretProps {
  readonly title: string;
  readonly caution: string;
  readonly text: string;
  readonly what: string;
  readonly done: string;
  readonly onDone: () => void;
}

function Secret({ title, caution, text, what, done, onDone }: SecretProps) {
  const endGuard = useLeaveGuard(leaveQuestion(what));
  return (
    <Section title={title}>
      <div class="stack">
        <Caution>{caution}</Caution>
        <code class="secret">{text}</code>
        <div class="actions">
          <CopyButton text={text} what={what} />
          <button
            type="button"
            class="button"
            onClick={() => {
              endGuard();
              onDone();
            }}
          >
            {done}
          </button>
        </div>
      </div>
    </Section>
  );
}
