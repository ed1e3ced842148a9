import type { CdaIdentifier } from '../../standards/cda';

/** Identifier of a report as the archive and the source viewer write it: `<root>`, or `<root>_<extension>`. */
export function cdaIdOf({ root, extension }: CdaIdentifier): string {
  return extension ? `${root}_${extension}` : root;
}
