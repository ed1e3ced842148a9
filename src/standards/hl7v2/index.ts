/** HL7 version 2: blocks on the wire (MLLP), character sets, messages, acknowledgements. */
export * from './ack';
export * from './charset';
export * from './delimiters';
export * from './escape';
export * from './framing';
export * from './message';
