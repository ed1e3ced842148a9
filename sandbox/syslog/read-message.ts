import { DOMParser } from '@xmldom/xmldom';

/** An audit message as the sandbox lists it. */
export interface ReceivedMessage {
  readonly receivedAt: string;
  /** Common name of the client certificate. */
  readonly from: string;
  readonly facility: number;
  readonly severity: number;
  readonly timestamp: string;
  readonly hostName: string;
  readonly appName: string;
  readonly procId: string;
  readonly msgId: string;
  readonly structuredData: string;
  /** Code of EventID, codes of EventTypeCode, and so on: what a person looks for first. */
  readonly event: {
    readonly id: string;
    readonly types: readonly string[];
    readonly action: string;
    readonly outcome: string;
  };
  /** Kind of the record in the gateway's own trail, and its number. */
  readonly record: { readonly id: string; readonly kind: string };
  /** The audit message itself. */
  readonly xml: string;
}

const header = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (-|(?:\[(?:[^\]\\]|\\.)*\])+) ?/;

/** Reads RFC 5424 and the XML inside. @throws Error when it is neither */
export function readMessage(bytes: Buffer, from: string, now: Date): ReceivedMessage {
  const text = bytes.toString('utf8');
  const match = header.exec(text);
  if (!match) throw new Error('not a message of RFC 5424');
  const [all, priority, timestamp, hostName, appName, procId, msgId, structuredData] = match;
  const xml = text.slice(all.length).replace(/^\ufeff/, '');
  const root = new DOMParser({ onError: (level, message) => fail(level, message) }).parseFromString(xml, 'text/xml');
  const attribute = (element: string, name: string, at = 0) =>
    root.getElementsByTagName(element)[at]?.getAttribute(name) ?? '';
  const types = Array.from(root.getElementsByTagName('EventTypeCode'), (one) => one.getAttribute('csd-code') ?? '');
  const record = Array.from(root.getElementsByTagName('ParticipantObjectIdentification')).find(
    (one) => one.getElementsByTagName('ParticipantObjectIDTypeCode')[0]?.getAttribute('csd-code') === 'trail-record',
  );
  return {
    receivedAt: now.toISOString(),
    from,
    facility: Number(priority) >> 3,
    severity: Number(priority) & 7,
    timestamp,
    hostName,
    appName,
    procId,
    msgId,
    structuredData,
    event: {
      id: attribute('EventID', 'csd-code'),
      types,
      action: attribute('EventIdentification', 'EventActionCode'),
      outcome: attribute('EventIdentification', 'EventOutcomeIndicator'),
    },
    record: {
      id: record?.getAttribute('ParticipantObjectID') ?? '',
      kind: record?.getElementsByTagName('ParticipantObjectName')[0]?.textContent ?? '',
    },
    xml,
  };
}

function fail(level: string, message: string): void {
  if (level !== 'warning') throw new Error(`the audit message is not XML: ${message}`);
}
