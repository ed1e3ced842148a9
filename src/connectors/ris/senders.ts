import { z } from 'zod';

/** Departures of one sender from the national profile, agreed with its editor. Everything is off unless written here. */
const overrides = z.strictObject({
  /** The sender has no PID: the identity is the one of the report. */
  pidOptional: z.boolean().default(false),
  /** The sender does not fill PID-32 and sends validated identities only. */
  assumeIdentityValidated: z.boolean().default(false),
  /** Reports of before the birth place was asked for. */
  birthPlaceOptional: z.boolean().default(false),
  /** The sender has no ORC. */
  orderControlOptional: z.boolean().default(false),
  /** The sender does not send DESTDMP and wants every report published. */
  assumeDestDmp: z.boolean().default(false),
  /** The sender has no PRT: the author and the organisation of the report stand for the sender. */
  senderFromReport: z.boolean().default(false),
  /** Refuse a message whose ORC-1, OBX-11 and event contradict each other, in place of warning. */
  refuseContradictions: z.boolean().default(false),
});

const sender = z.strictObject({
  /** MSH-3.1, or * for any. */
  application: z.string().min(1).max(227),
  /** MSH-4.1, or * for any. */
  facility: z.string().min(1).max(227),
  overrides: overrides.prefault({}),
});

/** Senders by MSH-3 and MSH-4, the most precise first found wins. */
export const sendersSchema = z.array(sender).max(200);

export type SenderRule = z.output<typeof sender>;
export type SenderOverrides = z.output<typeof overrides>;

/** No departure at all. */
export const noOverrides: SenderOverrides = overrides.parse({});

/** The rule of a sender; undefined when the list names other senders only. An empty list accepts every sender. */
export function findSender(
  rules: readonly SenderRule[],
  sender: { readonly application: string; readonly facility: string },
): SenderOverrides | undefined {
  if (rules.length === 0) return noOverrides;
  const precision = (rule: SenderRule) => (rule.application === '*' ? 0 : 2) + (rule.facility === '*' ? 0 : 1);
  const fits = (pattern: string, value: string) => pattern === '*' || pattern === value;
  return rules
    .filter((rule) => fits(rule.application, sender.application) && fits(rule.facility, sender.facility))
    .sort((a, b) => precision(b) - precision(a))[0]?.overrides;
}
