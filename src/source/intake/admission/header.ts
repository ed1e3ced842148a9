import type { ReceivedMessage, SenderOverrides, SenderRule } from '../../../connectors/ris';
import { findSender } from '../../../connectors/ris';
import { DecodedText, decodeMessage, Hl7Message, parseMessage } from '../../../standards/hl7v2';
import { intakeErrors } from '../intake.errors';
import { IntakeRefusal } from '../intake-refusal';

/** What is known of a message once it could be read, whatever it says. */
export interface OpenedMessage {
  readonly received: ReceivedMessage;
  readonly decoded: DecodedText;
  readonly message: Hl7Message;
  readonly messageControlId: string;
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  /** MSH-9.1 and MSH-9.2. */
  readonly type: string;
  readonly event: string;
}

export interface HeaderPolicy {
  readonly senders: readonly SenderRule[];
  readonly processingIds: readonly string[];
}

const controlIdLengthMax = 199;
const events: Readonly<Record<string, readonly string[]>> = {
  ORU: ['R01'],
  MDM: ['T02', 'T04', 'T10'],
  OMI: ['O23'],
};

/** Reads bytes as a message; refuses what is not one. */
export function openMessage(received: ReceivedMessage): OpenedMessage {
  const decoded = decodeMessage(received.bytes);
  if (!decoded.ok) throw new IntakeRefusal(intakeErrors.charset, decoded.reason, { segment: 'MSH', field: 18 });
  const parsed = parseMessage(decoded.value.text);
  if (!parsed.ok) throw new IntakeRefusal(intakeErrors.unreadable, parsed.reason, { segment: 'MSH' });
  const { header } = parsed.value;
  return {
    received,
    decoded: decoded.value,
    message: parsed.value,
    messageControlId: header.text(10),
    sendingApplication: header.text(3),
    sendingFacility: header.text(4),
    type: header.text(9, 1),
    event: header.text(9, 2),
  };
}

type HeaderStep = (opened: OpenedMessage, policy: HeaderPolicy) => void;

const hasControlId: HeaderStep = ({ messageControlId }) => {
  const location = { segment: 'MSH', field: 10 };
  if (messageControlId === '') throw new IntakeRefusal(intakeErrors.headerField, 'MSH-10 is missing', location);
  if (messageControlId.length > controlIdLengthMax) {
    throw new IntakeRefusal(intakeErrors.value, `MSH-10 is longer than ${controlIdLengthMax} characters`, location);
  }
};

const hasKnownType: HeaderStep = ({ type, event }) => {
  const known = Object.hasOwn(events, type) ? events[type] : undefined;
  if (!known)
    throw new IntakeRefusal(intakeErrors.messageType, 'MSH-9.1 is not ORU, MDM nor OMI', {
      segment: 'MSH',
      field: 9,
      component: 1,
    });
  if (!known.includes(event)) {
    throw new IntakeRefusal(intakeErrors.event, `MSH-9.2 is not ${known.join(', ')}`, {
      segment: 'MSH',
      field: 9,
      component: 2,
    });
  }
};

const hasKnownVersion: HeaderStep = ({ message }) => {
  if (!/^2\.([3-8])(\.\d)?$/.test(message.header.text(12))) {
    throw new IntakeRefusal(intakeErrors.version, 'MSH-12 is not between 2.3 and 2.8', { segment: 'MSH', field: 12 });
  }
};

const isForProduction: HeaderStep = ({ message }, policy) => {
  if (!policy.processingIds.includes(message.header.text(11))) {
    throw new IntakeRefusal(intakeErrors.processing, 'MSH-11 is not taken here', { segment: 'MSH', field: 11 });
  }
};

/** The header is admitted by these steps, in this order. */
export const headerSteps: readonly HeaderStep[] = [hasControlId, hasKnownType, hasKnownVersion, isForProduction];

/** Admits the header and gives what is agreed with its sender. */
export function admitHeader(opened: OpenedMessage, policy: HeaderPolicy): SenderOverrides {
  const rule = findSender(policy.senders, { application: opened.sendingApplication, facility: opened.sendingFacility });
  if (!rule)
    throw new IntakeRefusal(intakeErrors.sender, 'MSH-3 and MSH-4 name no known sender', { segment: 'MSH', field: 3 });
  for (const step of headerSteps) step(opened, policy);
  return rule;
}
