/** Why a text was not accepted as XML. Stable words: rooms map them to entries of their catalogue. */
export type XmlRefusal =
  | 'empty'
  | 'too-large'
  | 'too-deep'
  | 'too-many-elements'
  | 'too-many-attributes'
  | 'encoding'
  | 'character'
  | 'doctype'
  | 'not-well-formed';

/** Thrown by `parseXml`. The message names the kind of fault and a position, never a value of the document. */
export class XmlRefusedError extends Error {
  constructor(
    readonly reason: XmlRefusal,
    detail: string,
  ) {
    super(`XML refused (${reason}): ${detail}`);
    this.name = 'XmlRefusedError';
  }
}

export interface XmlLimits {
  /** Whole document, in characters (in bytes when given as bytes). */
  readonly sizeMax: number;
  /** Nesting of elements. */
  readonly depthMax: number;
  readonly elementsMax: number;
  /** Attributes (namespace declarations included) of one element. */
  readonly attributesMax: number;
}

/** Generous for a level 3 report or a registry answer with some hundred entries; a bomb stays far outside. */
export const defaultXmlLimits: XmlLimits = {
  sizeMax: 32 * 1024 * 1024,
  depthMax: 100,
  elementsMax: 200_000,
  attributesMax: 64,
};
