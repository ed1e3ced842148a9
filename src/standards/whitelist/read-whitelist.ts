import { parseDistinguishedName } from '../identity';
import { childElements, onlyChild, textOf, type XmlElement } from '../xmlsec';
import type { WhiteList, WhiteListEntry } from './whitelist.types';

export const whiteListNamespace = 'https://github.com/ansforge/DRIM-M_DATA';
const entriesMax = 20_000;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Lower case host name (RFC 1123), without final dot; undefined when it is none. */
export function hostName(text: string): string | undefined {
  const name = text.trim().toLowerCase().replace(/\.$/, '');
  return name.length <= 253 && name.split('.').every((part) => label.test(part)) ? name : undefined;
}

/**
 * Reads the tree of a list (`ListeBlancheDRIM-M`, DRIM-M_DATA). Only direct children are looked at, so that nothing
 * inside the signature can pass for an entry. Undefined when it is no white list of a version we know.
 */
export function readWhiteList(root: XmlElement): WhiteList | undefined {
  if (root.localName !== 'ListeBlancheDRIM-M' || root.namespaceURI !== whiteListNamespace) return undefined;
  const versionFormat = root.getAttribute('versionFormat') ?? '';
  const generatedAt = readDate(field(root, 'DateDeGeneration'));
  const domains = onlyChild(root, whiteListNamespace, 'ListeDomaines');
  if (!/^1\.\d+\.\d+$/.test(versionFormat) || !generatedAt || !domains) return undefined;
  const elements = childElements(domains, whiteListNamespace, 'Domaine');
  if (elements.length > entriesMax) return undefined;
  const read = elements.map(readEntry);
  return {
    generatedAt,
    versionFormat,
    entries: read.filter((entry) => typeof entry !== 'string'),
    unusable: read.flatMap((entry, at) => (typeof entry === 'string' ? [{ position: at + 1, field: entry }] : [])),
  };
}

/** The entry, or the name of the field that makes it unusable. */
function readEntry(element: XmlElement): WhiteListEntry | string {
  const dn = field(element, 'DNCertificatOperateur');
  const parsed = parseDistinguishedName(dn);
  if (!parsed.ok) return 'DNCertificatOperateur';
  const db = hostName(field(element, 'db'));
  if (!db) return 'db';
  const viText = field(element, 'vi');
  const vi = viText === '' ? undefined : hostName(viText);
  if (viText !== '' && !vi) return 'vi';
  const dateMaj = readDate(field(element, 'DateMAJ'));
  if (!dateMaj) return 'DateMAJ';
  return {
    identifiant: field(element, 'Identifiant'),
    db,
    vi,
    denomination: field(element, 'Denomination'),
    dn,
    rdns: parsed.rdns,
    supportContact: field(element, 'SupportContact'),
    dateMaj,
  };
}

function field(parent: XmlElement, localName: string): string {
  return textOf(onlyChild(parent, whiteListNamespace, localName));
}

/** xs:dateTime with its zone; the lists are in UTC. */
function readDate(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
