import type { Manifest } from '../../standards/manifest';
import type { ManifestStatus } from './manifest-record.entity';
import type { ServableManifest, Wanted } from './servable-manifest';

/** A manifest out of the archive; `manifest` is the whole model, its patient included. */
export interface ArchivedManifest {
  readonly kosSopInstanceUid: string;
  readonly studyInstanceUid: string;
  readonly status: ManifestStatus;
  readonly createdAt: Date;
  readonly replacedAt: Date | undefined;
  readonly withdrawnAt: Date | undefined;
  /** Current, but no longer served: it is on its way out of the registry. */
  readonly servingEndedAt: Date | undefined;
  readonly manifest: Manifest;
  readonly sha256: string;
  readonly accessionNumbers: readonly string[];
  readonly cdaIds: readonly string[];
  readonly pacsId: string | undefined;
  readonly publicationContext: Record<string, unknown> | undefined;
}

/** A manifest that requests may name now. */
export interface ServedManifest {
  readonly kosSopInstanceUid: string;
  readonly studyInstanceUid: string;
}

export interface PutOptions {
  /** SOP Instance UID of the current manifest this one replaces, or `any` for whichever is current. */
  readonly replaces?: string;
  readonly cdaIds?: readonly string[];
  readonly pacsId?: string;
  /** Kept as it is for publication (author and VIHF of the submission). */
  readonly publicationContext?: Record<string, unknown>;
}

export interface PutResult {
  /** `kept`: the same file was already the current manifest. */
  readonly outcome: 'stored' | 'replaced' | 'kept';
  readonly manifest: Manifest;
  readonly replacedKosSopInstanceUid: string | undefined;
}

export interface AdmitRequest extends Wanted {
  readonly kosSopInstanceUid: string;
}

/** Why a request may not be served by its manifest. */
export type AdmitRefusal =
  'unknown' | 'of-another-study' | 'replaced' | 'withdrawn' | 'series-not-listed' | 'instance-not-listed';

export type AdmitAnswer = { ok: true; manifest: ServableManifest } | { ok: false; reason: AdmitRefusal };
