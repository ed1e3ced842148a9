import { createRequire } from 'node:module';
import type { Tag } from './dicom.types';

/** The part of dcmjs that is used: its copy of the PS3.6 registry, nothing else of it. */
interface Registry {
  data: { DicomMetaDictionary: { nameMap: Record<string, { tag: string; vr: string; vm: string } | undefined> } };
}

export interface DictionaryEntry {
  /** Keyword of PS3.6, for example StudyInstanceUID. */
  readonly keyword: string;
  /** VR; `xs` is US or SS and `ox` is OB or OW according to the object, `lt` is US or OW. */
  readonly vr: string;
  readonly vm: string;
}

const byTag = new Map<Tag, DictionaryEntry>();
const byKeyword = new Map<string, Tag>();

function load(): void {
  const { nameMap } = (createRequire(__filename)('dcmjs') as Registry).data.DicomMetaDictionary;
  for (const [name, entry] of Object.entries(nameMap)) {
    const digits = /^\(([0-9A-F]{4}),([0-9A-F]{4})\)$/i.exec(entry?.tag ?? '');
    if (!entry || !digits) continue;
    const tag = parseInt(digits[1] + digits[2], 16);
    const keyword = name.replace(/^RETIRED_/, '');
    const known = byTag.get(tag);
    if (known === undefined || known.keyword.length === 0) {
      byTag.set(tag, { keyword, vr: entry.vr === 'up' ? 'UL' : entry.vr, vm: entry.vm });
    }
    if (!byKeyword.has(keyword)) byKeyword.set(keyword, tag);
  }
}

/** Repeating groups (50xx,eeee) and (60xx,eeee) are registered once, under their first group (PS3.5 7.6). */
function registered(tag: Tag): Tag {
  const family = tag >>> 24;
  return (family === 0x50 || family === 0x60) && ((tag >>> 16) & 0x01) === 0
    ? ((family << 24) | (tag & 0xffff)) >>> 0
    : tag;
}

/** The entry of a standard tag; undefined for private and unknown ones. */
export function dictionaryEntry(tag: Tag): DictionaryEntry | undefined {
  if (byTag.size === 0) load();
  return byTag.get(registered(tag));
}

/** The tag of a keyword, for example `tagOf('PatientID')` is 0x00100020; undefined when there is none. */
export function tagOf(keyword: string): Tag | undefined {
  if (byTag.size === 0) load();
  return byKeyword.get(keyword);
}

/** VR of an element whose VR is not written (PS3.5 A.1): dictionary, group length, private creator, else UN. */
export function implicitVr(tag: Tag): string {
  if ((tag & 0xffff) === 0) return 'UL';
  if (isPrivate(tag)) return isPrivateCreator(tag) ? 'LO' : 'UN';
  return dictionaryEntry(tag)?.vr ?? 'UN';
}

/** Private data elements have an odd group (PS3.5 7.8). */
export const isPrivate = (tag: Tag): boolean => ((tag >>> 16) & 1) === 1;
/** (gggg,0010-00FF) of an odd group names the owner of a block. */
export const isPrivateCreator = (tag: Tag): boolean =>
  isPrivate(tag) && (tag & 0xffff) >= 0x10 && (tag & 0xffff) <= 0xff;

/** `0x00101002` as `00101002`, the key of the DICOM JSON model. */
export const tagKey = (tag: Tag): string => tag.toString(16).toUpperCase().padStart(8, '0');
/** `0x00101002` as `(0010,1002)`, for people. */
export const tagText = (tag: Tag): string => `(${tagKey(tag).slice(0, 4)},${tagKey(tag).slice(4)})`;
