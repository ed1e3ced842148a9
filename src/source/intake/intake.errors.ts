import { defineErrors, ErrorEntry } from '../../platform/errors';

const entry = (code: string, condition: number, caller: string, operator: string): ErrorEntry => ({
  code: `intake.${code}`,
  status: 422,
  caller,
  operator,
  hl7: { ack: 'AE', condition },
});

/** Why a message is refused. The detail names the segment or element, never a value of the message. */
export const intakeErrors = defineErrors('intake', {
  unreadable: entry(
    'unreadable',
    199,
    'The message is not HL7.',
    'The bytes received are not an HL7 message; the detail says what was found.',
  ),
  charset: entry(
    'charset',
    102,
    'The character set is not supported.',
    'MSH-18 names a character set that is not read here.',
  ),
  headerField: entry(
    'header-field',
    101,
    'A field of MSH is missing.',
    'The sender leaves out a field of MSH that the exchange needs.',
  ),
  sender: entry('sender', 103, 'The sender is not known.', 'MSH-3 and MSH-4 name no sender of DRIMBOX_HL7_SENDERS.'),
  messageType: entry('message-type', 200, 'The message type is not supported.', 'Only ORU, MDM and OMI are taken.'),
  event: entry('event', 201, 'The event is not supported.', 'Only R01, T02, T04, T10 and O23 are taken.'),
  processing: entry(
    'processing',
    202,
    'The processing id is not supported.',
    'MSH-11 is not one of those configured: a test message must not be published.',
  ),
  version: entry('version', 203, 'The HL7 version is not supported.', 'MSH-12 is not between 2.3 and 2.8.'),
  segment: entry(
    'segment',
    100,
    'A segment is missing.',
    'The message lacks a segment that its type requires; the detail names it.',
  ),
  field: entry('field', 101, 'A field is missing.', 'The message lacks a field; the detail names it.'),
  value: entry('value', 102, 'A field has a wrong value.', 'A field is not of its data type; the detail names it.'),
  code: entry(
    'code',
    103,
    'A field has an unknown code.',
    'A field has a code that its table does not have; the detail names it.',
  ),
  cardinality: entry(
    'cardinality',
    198,
    'A part is there too many times.',
    'A part of the message is repeated with different content; the detail names it.',
  ),
  contradiction: entry(
    'contradiction',
    199,
    'The message contradicts itself.',
    'ORC-1, OBX-11 and the event do not agree, and this sender is held to it.',
  ),
  document: entry(
    'document',
    207,
    'The report cannot be used.',
    'The CDA inside the message is unreadable or lacks an element; the detail names it.',
  ),
  insMissing: entry('ins-missing', 207, 'The message has no INS.', 'PID-3 or the report has no INS.'),
  identityDiffers: entry(
    'identity-differs',
    207,
    'The identity differs between PID and the report.',
    'PID and the CDA do not name the same person; the detail names the trait.',
  ),
  identityIncomplete: entry(
    'identity-incomplete',
    207,
    'The identity is not complete.',
    'A strict trait of the INS is missing; the detail names it.',
  ),
  identityStatus: entry(
    'identity-status',
    103,
    'The identity is not validated.',
    'PID-32 is not VALI: only a qualified identity may reach the DMP.',
  ),
  insNature: entry(
    'ins-nature',
    207,
    'The INS may not be used here.',
    'The OID of the INS is not one of DRIMBOX_INTAKE_INS_NATURES.',
  ),
  documentVersion: entry(
    'document-version',
    207,
    'The version of the document is not the expected one.',
    'TXA-12 is not the identifier of the CDA.',
  ),
});
